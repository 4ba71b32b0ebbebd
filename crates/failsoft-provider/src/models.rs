//! What is known of models before the first call: how much they hold, what they can do, the price.
//!
//! The figures stand in `models.txt` of each provider's folder, one line for each model or family.

use std::sync::LazyLock;

use failsoft_engine::{Cancel, Price};

use crate::{ALL, Provider};

/// What is known of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// Tokens it can hold at once, prompt and answer together.
    pub context: Option<u32>,
    /// Tokens it writes at most.
    pub max_output: Option<u32>,
    /// Whether it calls tools.
    pub tools: bool,
    /// Whether it takes images.
    pub vision: bool,
    /// Whether it takes documents.
    pub files: bool,
    /// Whether it takes sounds.
    pub audio: bool,
    /// Whether it keeps to a JSON schema.
    pub json_schema: bool,
    /// Whether it goes on from the beginning of an answer.
    pub prefill: bool,
    /// Whether it thinks before it answers, or can.
    pub reasoning: bool,
    /// What becomes of a cancelled call.
    pub cancel: Cancel,
    /// What its tokens cost.
    pub price: Option<Price>,
}

impl Default for ModelFacts {
    /// Of an unknown model everything is expected but prefill, which is rare and fails hard.
    fn default() -> Self {
        Self {
            context: None,
            max_output: None,
            tools: true,
            vision: true,
            files: true,
            audio: true,
            json_schema: true,
            prefill: false,
            reasoning: true,
            cancel: Cancel::Honoured,
            price: None,
        }
    }
}

/// What is known of a model at a provider: the line with its very name, or the longest pattern that
/// fits. `None` where nothing is known; such a model is to be thought capable of everything.
#[must_use]
pub fn facts(provider_id: &str, model: &str) -> Option<&'static ModelFacts> {
    let (_, lines) = TABLES.iter().find(|(id, _)| *id == provider_id)?;
    lines.iter().find(|line| line.fits(model)).map(|line| &line.facts)
}

/// Of each provider, its lines in the order they are asked.
static TABLES: LazyLock<Vec<(&'static str, Vec<Line>)>> = LazyLock::new(|| {
    let table = |provider: &Provider| {
        let mut lines: Vec<Line> = rows(provider.models).filter_map(Line::parse).collect();
        if provider.cancel() == Cancel::Billed {
            lines.iter_mut().for_each(|line| line.facts.cancel = Cancel::Billed);
        }
        lines.sort_by_key(|line| (line.name.contains('*'), std::cmp::Reverse(line.name.len())));
        lines
    };
    ALL.iter().map(|provider| (provider.id, table(provider))).collect()
});

struct Line {
    name: &'static str,
    facts: ModelFacts,
}

impl Line {
    fn parse(row: &'static str) -> Option<Self> {
        let mut words = row.split_ascii_whitespace();
        let name = words.next()?;
        let (context, max_output) = (count(words.next()?)?, count(words.next()?)?);
        let (input, output) = (dollars(words.next()?)?, dollars(words.next()?)?);
        let mut facts = ModelFacts {
            context,
            max_output,
            tools: false,
            vision: false,
            files: false,
            audio: false,
            json_schema: false,
            prefill: false,
            reasoning: false,
            cancel: Cancel::Honoured,
            price: input.zip(output).map(|(input, output)| Price { input, output }),
        };
        for word in words {
            match word {
                "tools" => facts.tools = true,
                "vision" => facts.vision = true,
                "files" => facts.files = true,
                "audio" => facts.audio = true,
                "json" => facts.json_schema = true,
                "prefill" => facts.prefill = true,
                "reasoning" => facts.reasoning = true,
                "billed" => facts.cancel = Cancel::Billed,
                "-" => {}
                _others => return None,
            }
        }
        Some(Self { name, facts })
    }

    fn fits(&self, model: &str) -> bool {
        let mut parts = self.name.split('*');
        let Some(mut rest) = parts.next().and_then(|first| model.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A number, or a dash where it is not known.
fn count(text: &str) -> Option<Option<u32>> {
    if text == "-" { Some(None) } else { Some(Some(text.parse().ok()?)) }
}

/// Dollars as millionths, or a dash.
fn dollars(text: &str) -> Option<Option<u64>> {
    if text == "-" {
        return Some(None);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 {
        return None;
    }
    let millionths: u64 = format!("{fraction:0<6}").parse().ok()?;
    Some(Some(whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(millionths)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use failsoft_engine::Price;

    use super::{Line, TABLES, dollars, rows};
    use crate::ALL;

    #[test]
    fn every_line_of_every_table_can_be_read() {
        let mut tables = 0;
        for provider in ALL.iter().filter(|it| !it.models.is_empty()) {
            assert!(provider.models.contains(", read 20"), "{}: no dated source", provider.id);
            let names: BTreeSet<&str> =
                rows(provider.models).filter_map(|row| row.split(' ').next()).collect();
            assert_eq!(names.len(), rows(provider.models).count(), "{}: twice", provider.id);
            for row in rows(provider.models) {
                let line = Line::parse(row);
                assert!(line.is_some(), "{}: {row}", provider.id);
                let facts = line.unwrap().facts;
                assert!(facts.context.is_none_or(|it| it >= 512), "{row}");
                assert!(facts.max_output.is_none_or(|it| it >= 512), "{row}");
                let dear = |price: Price| price.input > 200_000_000 || price.output > 1_000_000_000;
                assert!(!facts.price.is_some_and(dear), "{row}");
            }
            tables += 1;
        }
        assert!(tables > 0);
        println!("{tables} tables, {} lines", TABLES.iter().map(|it| it.1.len()).sum::<usize>());
    }

    #[test]
    fn a_star_stands_for_anything_and_the_rest_for_itself() {
        for (name, model, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*b", "abc", false),
            ("a*c*", "abcd", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ace", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            let line = Line::parse(Box::leak(format!("{name} - - - - -").into_boxed_str()));
            assert_eq!(line.unwrap().fits(model), expected, "{name} {model}");
        }
    }

    #[test]
    fn a_price_is_read_to_the_millionth() {
        for (text, expected) in [
            ("-", Some(None)),
            ("3", Some(Some(3_000_000))),
            ("0.0375", Some(Some(37_500))),
            ("0.000001", Some(Some(1))),
            ("0.0000001", None),
            ("-1", None),
            ("a", None),
        ] {
            assert_eq!(dollars(text), expected, "{text}");
        }
    }
}
