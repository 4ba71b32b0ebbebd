//! The hot path: frames cut from chunks, and what they mean.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use failsoft_wire::sse::{Decoder, Frame};
use failsoft_wire::{Dialect, StreamReader};

const CHAT: &str = "data: {\"id\":\"chatcmpl-BwZ3kLx8Jf1mQ2vT7nYpR5sD\",\"object\":\"chat.completion.chunk\",\"created\":1795392000,\"model\":\"gpt-5.6-2026-10-01\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_a1b2c3d4e5\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" world\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"k3Xw9\"}\n\n";

const MESSAGES: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" world\"}}\n\n";

const COUNT: usize = 1000;

fn decode(chunks: &[Bytes], mut take: impl FnMut(Frame)) {
    let mut decoder = Decoder::new(1 << 20);
    for chunk in chunks {
        decoder.push(chunk.clone());
        while let Ok(Some(frame)) = decoder.next_frame() {
            take(frame);
        }
    }
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames");
    group.throughput(Throughput::Elements(COUNT as u64));
    for (name, frame) in [("chat", CHAT), ("messages", MESSAGES), ("tiny", "data: {}\n\n")] {
        let stream = Bytes::from(frame.repeat(COUNT));
        let one_each: Vec<_> =
            (0..COUNT).map(|at| stream.slice(at * frame.len()..(at + 1) * frame.len())).collect();
        let cut: Vec<_> = stream.chunks(1400).map(Bytes::copy_from_slice).collect();
        for (chunking, chunks) in
            [("one chunk each", &one_each), ("1400-byte chunks", &cut), ("whole", &vec![stream])]
        {
            group.bench_function(format!("{name}, {chunking}"), |bencher| {
                bencher.iter(|| decode(chunks, |frame| drop(black_box(frame))));
            });
        }
    }
    group.finish();
}

fn meanings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("meanings");
    group.throughput(Throughput::Elements(COUNT as u64));
    for (dialect, frame) in [(Dialect::ChatCompletions, CHAT), (Dialect::Messages, MESSAGES)] {
        let mut frames = Vec::new();
        decode(&[Bytes::from(frame.repeat(COUNT))], |frame| frames.push(frame));
        group.bench_function(dialect.as_str(), |bencher| {
            bencher.iter(|| {
                let mut reader = StreamReader::new(dialect);
                for frame in &frames {
                    black_box(reader.read(black_box(frame)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frames, meanings);
criterion_main!(benches);
