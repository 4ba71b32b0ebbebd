//! Words that are looked for in every event of a stream.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A word and what finds it. It is made once: making it costs more than finding.
pub(crate) type Word = LazyLock<Finder<'static>>;

/// Declares a [`Word`].
macro_rules! word {
    ($name:ident = $text:literal) => {
        static $name: crate::find::Word =
            std::sync::LazyLock::new(|| memchr::memmem::Finder::new($text));
    };
}

pub(crate) use word;
