//! The tables of rules, and the page made of them.

use std::path::Path;

use crate::Dialect;
use crate::neutral::{Feature, translation_document};

#[test]
fn every_dialect_has_one_row_for_every_feature_in_order() {
    for dialect in Dialect::TARGETS {
        let features: Vec<_> = dialect.rules().iter().map(|row| row.feature).collect();
        assert_eq!(features, Feature::ALL, "{dialect}");
        for row in dialect.rules() {
            assert_eq!(dialect.rule(row.feature), row.rule);
            assert!(!row.how.is_empty(), "{dialect}: nothing is said of {}", row.feature);
        }
    }
}

#[test]
fn the_page_about_translation_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/translation.md");
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    let is_fresh = stands == translation_document();
    assert!(is_fresh, "docs/translation.md is not what the tables say: run `cargo xtask generate`");
}
