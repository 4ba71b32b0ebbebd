//! What the dialects' columns are made of, and what they say of a call.

use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, Rule, RuleRow};
use crate::translate::Unfit;

/// A line of a column.
pub(super) const fn row(feature: Feature, rule: Rule, how: &'static str) -> RuleRow {
    RuleRow { feature, rule, how }
}

/// What a column says of a feature; what it does not speak of is refused.
pub(super) fn rule(column: &[RuleRow], feature: Feature) -> Rule {
    column.iter().find(|row| row.feature == feature).map_or(Rule::Refuse, |row| row.rule)
}

/// What a column says of another dialect's call, but for features that are treated part by part.
pub(super) fn judge(call: &Call, column: &[RuleRow], by_part: &[Feature]) -> Result<Notes, Unfit> {
    let mut notes = Notes::default();
    for feature in call.features().iter().filter(|feature| !by_part.contains(feature)) {
        match rule(column, feature) {
            Rule::Refuse => return Err(Unfit { feature }),
            Rule::Map => {}
            Rule::Emulate => notes.emulated(feature),
            Rule::Drop => notes.dropped(feature),
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use crate::Dialect;
    use crate::neutral::Feature;

    #[test]
    fn every_column_has_a_row_for_every_feature_in_order() {
        for dialect in Dialect::TARGETS {
            let features: Vec<_> = dialect.rules().iter().map(|row| row.feature).collect();
            assert_eq!(features, Feature::ALL, "{dialect}");
        }
    }
}
