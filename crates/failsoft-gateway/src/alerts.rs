//! Alerts out: receivers outside are told when something goes wrong, and when it is over.
//!
//! Nothing here touches a call. What is to be told is put into an outbox for each receiver, bounded
//! and in order, and a task of its own carries it, tried as an engine with one target decides.

mod delivery;
mod desk;
mod matter;
mod outbox;
mod policy;
mod signature;
mod trial;

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use failsoft::StartError;
use failsoft_config::{Settings, Webhook};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use delivery::{Address, Carrier};
use desk::Desk;
use matter::{Letterhead, Stage};
use outbox::Outbox;

pub(crate) use matter::{Matter, Subject};
pub(crate) use outbox::Figures;
pub use trial::{Answered, try_webhook};

/// Everyone who is told.
#[derive(Default)]
pub(crate) struct Alerts {
    posts: Mutex<Vec<Post>>,
}

/// Receivers, ready to be put in force.
pub(crate) struct Receivers {
    head: Letterhead,
    all: Vec<(Webhook, Address)>,
}

/// One receiver, what it was told, and what is on its way to it.
struct Post {
    rules: Webhook,
    head: Letterhead,
    desk: Desk,
    address: Arc<ArcSwap<Address>>,
    outbox: Arc<Outbox>,
    carrier: JoinHandle<()>,
}

impl Receivers {
    /// Prepares those the settings name.
    ///
    /// # Errors
    /// When certificates cannot be read, or an address cannot stand in a request.
    pub(crate) fn new(settings: &Settings) -> Result<Self, StartError> {
        let alerts = &settings.alerts;
        let prepare = |webhook: &Webhook| Ok((webhook.clone(), Address::new(webhook)?));
        let all = alerts.webhooks.iter().map(prepare).collect::<Result<_, StartError>>()?;
        let (gateway, dashboard) = (alerts.name.clone(), alerts.dashboard.clone());
        Ok(Self { head: Letterhead { gateway, dashboard }, all })
    }
}

impl Alerts {
    /// From now on these are told. One that stays keeps what waits for it, and its order; one that
    /// goes gets what waits for it already.
    pub(crate) fn adopt(&self, receivers: Receivers) {
        let Receivers { head, all } = receivers;
        let mut posts = self.posts();
        posts.retain(|post| {
            let stays = all.iter().any(|(rules, _)| rules.name == post.rules.name);
            if !stays {
                post.outbox.close();
            }
            stays
        });
        for (rules, address) in all {
            match posts.iter_mut().find(|post| post.rules.name == rules.name) {
                Some(post) => {
                    post.address.store(Arc::new(address));
                    (post.rules, post.head) = (rules, head.clone());
                }
                None => posts.push(Post::new(rules, head.clone(), address)),
            }
        }
    }

    /// A matter stands; told to everyone who wants to hear of it and has not. May be said as often
    /// as one likes.
    pub(crate) fn stands(&self, matter: &Matter, now_ms: i64) {
        for post in self.posts().iter_mut() {
            let told = post.desk.stands((&post.rules, &post.head), matter, now_ms);
            if let Some(episode) = told {
                post.outbox.put(matter.message(Stage::Opened, &post.head, episode));
            }
        }
    }

    /// A matter is over; told to everyone who heard of it.
    pub(crate) fn over(&self, matter: &Matter, now_ms: i64) {
        for post in self.posts().iter_mut() {
            if let Some(episode) = post.desk.over(&post.rules, &matter.subject, now_ms) {
                post.outbox.put(matter.message(Stage::Closed, &post.head, episode));
            }
        }
    }

    /// What became of alerts so far, by receiver.
    pub(crate) fn figures(&self) -> Vec<(String, Figures)> {
        let posts = self.posts();
        posts.iter().map(|post| (post.rules.name.clone(), post.outbox.figures())).collect()
    }

    /// Sends what still waits, for no longer than this, and tells what did not go out.
    pub(crate) async fn close(&self, within: Duration) {
        let posts = std::mem::take(&mut *self.posts());
        posts.iter().for_each(|post| post.outbox.close());
        let until = Instant::now() + within;
        for mut post in posts {
            if timeout_at(until, &mut post.carrier).await.is_err() {
                post.carrier.abort();
                let (webhook, alerts) = (&post.rules.name, post.outbox.figures().queued);
                tracing::warn!(webhook, alerts, "alerts were not sent before the end");
            }
        }
    }

    fn posts(&self) -> MutexGuard<'_, Vec<Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post {
    fn new(rules: Webhook, head: Letterhead, address: Address) -> Self {
        let outbox = Arc::new(Outbox::default());
        let address = Arc::new(ArcSwap::from_pointee(address));
        let carrier = Carrier::new(Arc::clone(&outbox), Arc::clone(&address));
        let carrier = tokio::spawn(carrier.run());
        Self { rules, head, desk: Desk::default(), address, outbox, carrier }
    }
}
