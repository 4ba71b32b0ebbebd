//! Arbitrary calls and answers between all pairs of dialects.

use proptest::prelude::*;

use super::arbitrary::{call, reply};
use super::digest::{lost, said};
use super::{CLIENTS, assembled, by_way_of, destination, read_call, streamed, translated};
use crate::Dialect;
use crate::neutral::{Maker, Rule};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn calls_hold_the_same_in_every_other_dialect(call in call()) {
        for client in CLIENTS {
            let Ok(written) = client.encode_call(&call, &destination(client)) else { continue };
            let mut call = read_call(client, &written.body, &call.model);
            call.without_seals_of_others(Maker(7), &|_| None);
            for target in Dialect::TARGETS.into_iter().filter(|target| *target != client) {
                let encoded = match target.encode_call(&call, &destination(target)) {
                    Ok(encoded) => encoded,
                    Err(unfit) => {
                        prop_assert_eq!(target.rule(unfit.feature), Rule::Refuse);
                        prop_assert!(call.features().contains(unfit.feature));
                        continue;
                    }
                };
                let again = read_call(target, &encoded.body, destination(target).model);
                let lost = lost(&call, &encoded, &again);
                prop_assert_eq!(lost, None, "{} to {}", client, target);
            }
        }
    }

    #[test]
    fn replies_say_the_same_in_every_other_dialect(reply in reply()) {
        for target in Dialect::TARGETS {
            let answer = by_way_of(target, &reply);
            for client in CLIENTS.into_iter().filter(|client| *client != target) {
                let told = by_way_of(client, &answer);
                prop_assert_eq!(said(&told, client), said(&answer, client), "{} to {}", target, client);
            }
        }
    }

    #[test]
    fn streams_come_to_what_the_plain_answer_says(reply in reply()) {
        for target in Dialect::TARGETS {
            let answer = by_way_of(target, &reply);
            let stream = streamed(target, &reply);
            for client in CLIENTS.into_iter().filter(|client| *client != target) {
                let plain = by_way_of(client, &answer);
                let whole = assembled(client, &translated(target, client, &stream));
                prop_assert_eq!(said(&whole, client), said(&plain, client), "{} to {}", target, client);
            }
        }
    }
}
