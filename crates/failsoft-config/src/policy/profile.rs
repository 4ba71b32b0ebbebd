//! Values that differ by profile.

use failsoft_engine::Profile;
use failsoft_engine::policy::PerProfile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::Short;
use crate::tree::{Entry, Node, Table, Value};
use crate::units::Length;

/// Who waits for the answer.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProfileSpec {
    /// A person.
    #[default]
    Interactive,
    /// A job that a person will look at.
    Background,
    /// A job that must only end some day.
    Batch,
}

impl From<ProfileSpec> for Profile {
    fn from(spec: ProfileSpec) -> Self {
        match spec {
            ProfileSpec::Interactive => Self::Interactive,
            ProfileSpec::Background => Self::Background,
            ProfileSpec::Batch => Self::Batch,
        }
    }
}

/// One duration for the route's profile, or one for each.
pub(crate) type PerProfileSpec = Short<Length, EachProfile>;

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EachProfile {
    /// A person waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    interactive: Option<Length>,
    /// A person will look.
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<Length>,
    /// Nobody waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Length>,
}

pub(crate) const fn written(each: &PerProfile) -> PerProfileSpec {
    Short::Table(EachProfile {
        interactive: Some(Length(each.interactive)),
        background: Some(Length(each.background)),
        batch: Some(Length(each.batch)),
    })
}

pub(crate) fn checked(spec: PerProfileSpec, profile: Profile, default: PerProfile) -> PerProfile {
    let each = match spec {
        Short::Table(each) => each,
        Short::Text(one) => {
            let mut each = EachProfile::default();
            match profile {
                Profile::Interactive => each.interactive = Some(one),
                Profile::Background => each.background = Some(one),
                Profile::Batch => each.batch = Some(one),
            }
            each
        }
    };
    PerProfile {
        interactive: each.interactive.map_or(default.interactive, |length| length.0),
        background: each.background.map_or(default.background, |length| length.0),
        batch: each.batch.map_or(default.batch, |length| length.0),
    }
}

/// Writes the short form of per-profile values out for one profile, so that a route's short value
/// leaves the other profiles of a policy table as they are.
pub(crate) fn spread(policies: &mut Table, profile: Profile) {
    for path in
        [["retry", "max_wait"].as_slice(), &["retry", "backoff", "cap"], &["timeouts", "deadline"]]
    {
        let Some((last, tables)) = path.split_last() else { continue };
        let mut table = Some(&mut *policies);
        for key in tables {
            table = table.and_then(|table| table.node_mut(key)).and_then(Node::table_mut);
        }
        let Some(node) = table.and_then(|table| table.node_mut(last)) else { continue };
        if node.text().is_some() {
            let entry = Entry {
                key: profile.as_str().to_owned(),
                place: node.place.clone(),
                node: node.clone(),
            };
            node.value = Value::Table(Table(vec![entry]));
        }
    }
}
