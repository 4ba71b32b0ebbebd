//! All dialects with one another.
