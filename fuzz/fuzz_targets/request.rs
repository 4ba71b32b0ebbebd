//! Requests: what is read agrees with a parser of trees, and the model can be exchanged.

#![no_main]

use bytes::Bytes;
use failsoft_wire::{Dialect, with_model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for dialect in Dialect::CLIENTS {
        match dialect.read_request(body, None) {
            Ok(head) => {
                let body = Bytes::copy_from_slice(body);
                let span = &body[head.model_span.clone().unwrap()];
                let model: String = serde_json::from_slice(span).expect("the span is a string");
                assert_eq!(model, head.model);
                let other = with_model(&body, &head.model_span.clone().unwrap(), "other").concat();
                let reread = dialect.read_request(&other, None).expect("only the model has changed");
                assert_eq!(reread.model, "other");
            }
            Err(problem) => assert!(!problem.to_string().is_empty()),
        }
    }
});
