//! Who may look and act: links that open the dashboard once, the sessions they began, and the
//! operators' own token. Of secrets only hashes are kept.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use failsoft_config::Settings;
use secrecy::ExposeSecret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A night shift, and the hours around it.
pub(super) const SESSION: Duration = Duration::from_secs(12 * 3600);
/// The oldest one makes room.
const MAX_SESSIONS: usize = 64;
/// Links that nobody has used.
const MAX_LINKS: usize = 8;
/// Wrong tokens in a row before somebody must wait.
const TRIES: u32 = 10;
/// After this there is one try more.
const NEXT_TRY: Duration = Duration::from_secs(3);

type Digest = [u8; 32];

/// Who may look and act.
#[derive(Debug)]
pub(crate) struct Keyring {
    held: Mutex<Held>,
    /// Browsers share cookies between the ports of a host.
    cookie: String,
}

#[derive(Debug)]
struct Held {
    links: Vec<Digest>,
    sessions: Vec<Session>,
    tries: u32,
    counted: Instant,
}

#[derive(Debug)]
struct Session {
    token: Digest,
    proof: Digest,
    operator: String,
    until: Instant,
}

/// What a browser is given when it comes in.
pub(super) struct Opened {
    /// Goes into the cookie.
    pub(super) token: String,
    /// Shown with every change. It never stands in a cookie, so no other port of this host sees it.
    pub(super) proof: String,
    pub(super) operator: String,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("operator", &self.operator).finish_non_exhaustive()
    }
}

/// A session in force.
pub(super) struct Known {
    pub(super) operator: String,
    pub(super) left: Duration,
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// No link and no token reads so.
    Unknown,
    /// Too many wrong ones came; this long no other is looked at.
    Wait(Duration),
}

impl Keyring {
    /// For operators who come in at this port.
    pub(crate) fn new(port: u16) -> Self {
        let held =
            Held { links: Vec::new(), sessions: Vec::new(), tries: TRIES, counted: Instant::now() };
        Self { held: Mutex::new(held), cookie: format!("failsoft_session_{port}") }
    }

    pub(super) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A token that opens the dashboard once.
    pub(crate) fn link(&self) -> String {
        let token = random();
        let mut held = self.held();
        if held.links.len() >= MAX_LINKS {
            held.links.remove(0);
        }
        held.links.push(digest(&token));
        token
    }

    /// Begins a session for whoever has a link, which it uses up, or the operators' token.
    pub(super) fn open(
        &self,
        token: &str,
        settings: &Settings,
        now: Instant,
    ) -> Result<Opened, Denied> {
        let shown = digest(token);
        let mut held = self.held();
        held.may_try(now)?;
        if let Some(used) = place(held.links.iter(), &shown) {
            held.links.remove(used);
        } else if !is_fixed(&shown, settings) {
            held.tries -= 1;
            return Err(Denied::Unknown);
        }
        let (token, proof) = (random(), random());
        let operator = fingerprint(&digest(&token));
        held.forget(now);
        if held.sessions.len() >= MAX_SESSIONS {
            held.sessions.remove(0);
        }
        held.sessions.push(Session {
            token: digest(&token),
            proof: digest(&proof),
            operator: operator.clone(),
            until: now + SESSION,
        });
        Ok(Opened { token, proof, operator })
    }

    /// The session of a cookie.
    pub(super) fn session(&self, token: &str, now: Instant) -> Option<Known> {
        let mut held = self.held();
        held.forget(now);
        let found = place(held.sessions.iter().map(|session| &session.token), &digest(token))?;
        let session = &held.sessions[found];
        let left = session.until.saturating_duration_since(now);
        Some(Known { operator: session.operator.clone(), left })
    }

    /// Whether whoever has this cookie was also given this proof.
    pub(super) fn is_proved(&self, token: &str, proof: &str) -> bool {
        let held = self.held();
        let found = place(held.sessions.iter().map(|session| &session.token), &digest(token));
        found.is_some_and(|found| held.sessions[found].proof.ct_eq(&digest(proof)).into())
    }

    /// Whether who bears this fingerprint may still look: sessions end, and tokens are changed.
    pub(super) fn is_known(&self, operator: &str, settings: &Settings, now: Instant) -> bool {
        let mut held = self.held();
        held.forget(now);
        held.sessions.iter().any(|session| session.operator == operator)
            || fixed(settings).is_some_and(|fixed| fingerprint(&fixed) == operator)
    }

    /// Ends the session of a cookie.
    pub(super) fn close(&self, token: &str) {
        let mut held = self.held();
        let found = place(held.sessions.iter().map(|session| &session.token), &digest(token));
        if let Some(found) = found {
            held.sessions.remove(found);
        }
    }

    /// The fingerprint of a script that shows the operators' token.
    pub(super) fn bearer(
        &self,
        token: &str,
        settings: &Settings,
        now: Instant,
    ) -> Result<String, Denied> {
        let shown = digest(token);
        let mut held = self.held();
        held.may_try(now)?;
        if is_fixed(&shown, settings) {
            return Ok(fingerprint(&shown));
        }
        held.tries -= 1;
        Err(Denied::Unknown)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Tries come back one by one. A right token is not looked at either while there are none.
    fn may_try(&mut self, now: Instant) -> Result<(), Denied> {
        let earned = now.saturating_duration_since(self.counted).as_secs() / NEXT_TRY.as_secs();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        self.tries = self.tries.saturating_add(earned).min(TRIES);
        if earned > 0 {
            self.counted = now;
        }
        if self.tries > 0 { Ok(()) } else { Err(Denied::Wait(NEXT_TRY)) }
    }

    fn forget(&mut self, now: Instant) {
        self.sessions.retain(|session| now < session.until);
    }
}

fn is_fixed(shown: &Digest, settings: &Settings) -> bool {
    fixed(settings).is_some_and(|fixed| fixed.ct_eq(shown).into())
}

fn fixed(settings: &Settings) -> Option<Digest> {
    settings.server.admin_token.as_ref().map(|fixed| digest(fixed.expose_secret()))
}

/// Where this one stands; all are looked at, whatever differs.
fn place<'a>(all: impl Iterator<Item = &'a Digest>, wanted: &Digest) -> Option<usize> {
    let mut found = None;
    for (at, one) in all.enumerate() {
        if bool::from(one.ct_eq(wanted)) {
            found = Some(at);
        }
    }
    found
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text.as_bytes()).into()
}

/// Tells operators apart in the record, and tells nothing of their tokens.
fn fingerprint(token: &Digest) -> String {
    let again = Sha256::digest(token);
    again.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// 256 bits from the system, as text.
fn random() -> String {
    let mut bytes = [0; 32];
    #[expect(clippy::expect_used, reason = "without randomness no token may be given out")]
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    const TOKEN: &str = "operators-token-4711";

    fn settings() -> Settings {
        let text = format!(
            "[server]\nadmin_token = \"{TOKEN}\"\n[providers.a]\ndialect = \"messages\"\n\
             base_url = \"http://127.0.0.1:1\"\napi_key = \"none\"\n"
        );
        failsoft_config::load(&text, Path::new(""), &BTreeMap::new()).expect("good settings")
    }

    #[test]
    fn a_link_opens_once_and_the_operators_token_again_and_again() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let link = ring.link();
        assert!(ring.open(&link, &settings, now).is_ok());
        assert_eq!(ring.open(&link, &settings, now).err(), Some(Denied::Unknown));
        for _ in 0..3 {
            assert!(ring.open(TOKEN, &settings, now).is_ok());
        }
        assert_eq!(ring.open("", &settings, now).err(), Some(Denied::Unknown));
    }

    #[test]
    fn a_session_ends_by_itself_and_by_its_owner() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let first = ring.open(TOKEN, &settings, now).expect("open");
        let second = ring.open(TOKEN, &settings, now).expect("open");
        assert_ne!(first.operator, second.operator);
        ring.close(&first.token);
        assert!(ring.session(&first.token, now).is_none());
        let almost = now + SESSION - Duration::from_secs(1);
        assert!(ring.session(&second.token, almost).is_some());
        assert!(ring.session(&second.token, now + SESSION).is_none());
    }

    #[test]
    fn who_bears_a_fingerprint_is_known_as_long_as_what_it_stands_for() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let opened = ring.open(TOKEN, &settings, now).expect("open");
        let script = ring.bearer(TOKEN, &settings, now).expect("the token");
        let end = now + SESSION;
        for (operator, at, known) in [
            (&opened.operator, now, true),
            (&opened.operator, end, false),
            (&script, end, true),
            (&"0".repeat(8), now, false),
        ] {
            assert_eq!(ring.is_known(operator, &settings, at), known, "{operator}");
        }
        let mut changed = settings;
        changed.server.admin_token = None;
        assert!(!ring.is_known(&script, &changed, now));
    }

    #[test]
    fn a_cookie_without_its_proof_proves_nothing() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let one = ring.open(TOKEN, &settings, now).expect("open");
        let other = ring.open(TOKEN, &settings, now).expect("open");
        assert!(ring.is_proved(&one.token, &one.proof));
        for (token, proof) in [
            (&one.token, &other.proof),
            (&one.token, &one.token),
            (&other.token, &one.proof),
            (&one.proof, &one.proof),
            (&one.token, &String::new()),
        ] {
            assert!(!ring.is_proved(token, proof));
        }
    }

    #[test]
    fn after_too_many_wrong_tokens_even_the_right_one_waits() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        for _ in 0..TRIES {
            assert_eq!(ring.open("wrong", &settings, now).err(), Some(Denied::Unknown));
        }
        assert_eq!(ring.open(TOKEN, &settings, now).err(), Some(Denied::Wait(NEXT_TRY)));
        assert_eq!(ring.bearer(TOKEN, &settings, now).err(), Some(Denied::Wait(NEXT_TRY)));
        assert!(ring.open(TOKEN, &settings, now + NEXT_TRY).is_ok());
        assert!(ring.bearer("wrong", &settings, now + NEXT_TRY).is_err());
        assert_eq!(ring.open(TOKEN, &settings, now + NEXT_TRY).err(), Some(Denied::Wait(NEXT_TRY)));
    }

    #[test]
    fn sessions_and_links_are_bounded() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let first = ring.open(TOKEN, &settings, now).expect("open");
        let links: Vec<String> = (0..=MAX_LINKS).map(|_| ring.link()).collect();
        for _ in 0..MAX_SESSIONS {
            assert!(ring.open(TOKEN, &settings, now).is_ok());
        }
        assert!(ring.session(&first.token, now).is_none());
        assert!(ring.open(&links[0], &settings, now).is_err());
        assert!(ring.open(&links[1], &settings, now).is_ok());
    }

    #[test]
    fn nothing_that_is_kept_shows_a_token() {
        let (ring, settings, now) = (Keyring::new(1), settings(), Instant::now());
        let opened = ring.open(TOKEN, &settings, now).expect("open");
        let (kept, link) = (format!("{ring:?} {opened:?}"), ring.link());
        for secret in [TOKEN, &opened.token, &opened.proof, &link] {
            assert!(!kept.contains(secret));
        }
        assert!(!opened.token.contains(&opened.operator));
    }
}
