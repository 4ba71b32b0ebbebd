//! Clients that leave in the middle of a stream, each in its own way.

use std::time::{Duration, Instant};

use http::Response;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::alone;
use crate::client::{Sender, asking_for, begin, connect};
use crate::house::{House, Plan, until};

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// It closes its connection in order.
    Closes,
    /// It resets it.
    Resets,
    /// It gives up one stream of a connection that goes on.
    GivesUp,
}

/// For the attempt to be cancelled; the aim of 100 ms stands in the benchmark.
const PATIENCE: Duration = Duration::from_secs(10);

const SETTINGS: &str = "[routes.calm]\ntiers = [[\"first/calm\"]]\n\
                        [routes.flood]\ntiers = [[\"first/flood\"]]\n";

fn house() -> House {
    let flood: Vec<String> = (0..60_000).map(|nth| nth.to_string()).collect();
    let flood = flood.join(" ");
    let scenario =
        format!("[models.calm]\ntoken_delay = \"400ms\"\n[models.flood]\ntext = \"{flood}\"\n");
    House::open(&Plan { scenario: &scenario, settings: SETTINGS })
}

/// A client in the middle of a stream.
enum Client {
    Alone(TcpStream),
    OneOfMany(Sender, Response<Incoming>),
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_cancels_its_attempt_at_once() {
    let _alone = alone().await;
    let house = house();
    let (mut seen, mut gone) = (0, Vec::new());
    for model in ["calm", "flood"] {
        for leaving in [Leaving::Closes, Leaving::Resets, Leaving::GivesUp] {
            let client = Client::begin(&house, model, leaving).await;
            let left = Instant::now();
            gone.push(client.leave(leaving).await);
            seen += 1;
            until(PATIENCE, async || cancelled(&house, seen).await).await;
            println!("crowd {model} stream, {leaving:?}: cancelled after {:.1?}", left.elapsed());
        }
    }
    until(PATIENCE, async || {
        let ready = house.ready().await;
        let seen = format!("{} calls, {}", ready["calls_in_flight"], ready["targets"]);
        if ready["calls_in_flight"] == 0 { Ok(()) } else { Err(seen) }
    })
    .await;
    // A connection of which one stream was given up goes on.
    for client in &mut gone {
        if let Left::Goes(sender) = client {
            assert_eq!(begin(sender, "first/healthy").await.unwrap().status(), 200);
        }
    }
}

/// What is left of a client.
enum Left {
    /// A socket it does not send on any more.
    Quiet(#[expect(dead_code, reason = "it stays open")] TcpStream),
    Nothing,
    /// A connection with other streams.
    Goes(Sender),
}

impl Client {
    /// Reads the beginning of a stream.
    async fn begin(house: &House, model: &str, leaving: Leaving) -> Self {
        if let Leaving::GivesUp = leaving {
            let mut sender = connect(house.clients).await;
            let response = begin(&mut sender, model).await.unwrap();
            return Self::OneOfMany(sender, response);
        }
        let mut socket = TcpStream::connect(house.clients).await.unwrap();
        socket.write_all(asking_for(model).as_bytes()).await.unwrap();
        let mut beginning = [0; 64];
        socket.read_exact(&mut beginning).await.unwrap();
        Self::Alone(socket)
    }

    async fn leave(self, leaving: Leaving) -> Left {
        match self {
            Self::OneOfMany(sender, response) => {
                drop(response);
                Left::Goes(sender)
            }
            Self::Alone(socket) if matches!(leaving, Leaving::Resets) => {
                socket.set_zero_linger().unwrap();
                Left::Nothing
            }
            Self::Alone(mut socket) => {
                socket.shutdown().await.unwrap();
                Left::Quiet(socket)
            }
        }
    }
}

/// Whether the fake saw so many of its clients go.
async fn cancelled(house: &House, count: usize) -> Result<(), String> {
    let attempts = house.attempts().await;
    let endings: Vec<_> = attempts.iter().map(|attempt| attempt["ending"].clone()).collect();
    let gone = endings.iter().filter(|ending| *ending == "cancelled_by_peer").count();
    if gone == count { Ok(()) } else { Err(format!("{endings:?}")) }
}
