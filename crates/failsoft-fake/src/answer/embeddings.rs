//! Embeddings: the same text always has the same vector.

use serde_json::{Value, json};

use super::{Answer, Content};
use crate::base64;

const DIMENSIONS: u64 = 16;

pub(super) fn whole(answer: &Answer<'_>) -> String {
    let length = answer.request["dimensions"].as_u64().unwrap_or(DIMENSIONS).clamp(1, 4096);
    let is_base64 = answer.request["encoding_format"] == "base64";
    let vector = |input: &String| -> Value {
        let vector = vector(&format!("{}\n{input}", answer.model), length);
        if is_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|share| share.to_le_bytes()).collect();
            return base64::encode(&bytes).into();
        }
        vector.into()
    };
    let inputs = match answer.content {
        Content::Nothing => &[],
        Content::Text(_) | Content::Tools { .. } | Content::Refusal(_) => answer.inputs,
    };
    let data: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(n, input)| json!({"object": "embedding", "index": n, "embedding": vector(input)}))
        .collect();
    let input = answer.usage.all_input();
    json!({"object": "list", "data": data, "model": answer.model,
        "usage": {"prompt_tokens": input, "total_tokens": input}})
    .to_string()
}

/// Of length one, pointing where the text's hash says.
fn vector(text: &str, length: u64) -> Vec<f32> {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let raw: Vec<f32> = (1..=length)
        .map(|n| {
            let mixed = hash.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            (mixed >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    let norm = raw.iter().map(|share| share * share).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    raw.into_iter().map(|share| share / norm).collect()
}
