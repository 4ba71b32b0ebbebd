//! Ids of tool calls, which this dialect often leaves out.

use std::collections::HashSet;

/// Gives ids to calls without one, and finds the call a result without one answers.
#[derive(Debug)]
pub(super) struct Ids {
    prefix: String,
    next: usize,
    /// Calls without a result yet: id and name.
    open: Vec<(String, String)>,
    /// Ids of calls without a result yet that were not made up here.
    given: HashSet<String>,
}

impl Ids {
    /// For a conversation: the same call gets the same id whenever its history is read.
    pub(super) fn of_conversation() -> Self {
        Self::new("call_".to_owned())
    }

    /// For an answer: unlike those of any other answer in the same conversation.
    pub(super) fn of_answer(id: Option<&str>) -> Self {
        let plain = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
        let id: String = id.unwrap_or_default().chars().filter(plain).take(24).collect();
        Self::new(if id.is_empty() { "call_".to_owned() } else { format!("call_{id}_") })
    }

    fn new(prefix: String) -> Self {
        Self { prefix, next: 0, open: Vec::new(), given: HashSet::new() }
    }

    /// The id of the next call.
    pub(super) fn call(&mut self, given: Option<String>, name: &str) -> String {
        let made_up = format!("{}{}", self.prefix, self.next);
        self.next += 1;
        let id = given.unwrap_or(made_up);
        self.open.push((id.clone(), name.to_owned()));
        id
    }

    /// The id of the call that is answered: the one named so, else the first one still open.
    pub(super) fn result(&mut self, given: Option<String>, name: &str) -> String {
        let at = match &given {
            Some(id) => self.open.iter().position(|(known, _)| known == id),
            None => {
                let same_name = self.open.iter().position(|(_, known)| known == name);
                same_name.or_else(|| (!self.open.is_empty()).then_some(0))
            }
        };
        let answered = at.map(|at| self.open.remove(at).0);
        given.or(answered).unwrap_or_else(|| {
            self.next += 1;
            format!("{}{}", self.prefix, self.next - 1)
        })
    }

    /// Whether a call's id was made up here: then it is left out again.
    pub(super) fn is_made_up_call(&mut self, id: &str) -> bool {
        let is_made_up = self.is_next(id);
        self.next += 1;
        if is_made_up {
            self.open.push((id.to_owned(), String::new()));
        } else {
            self.given.insert(id.to_owned());
        }
        is_made_up
    }

    /// Whether a result's id was made up here.
    pub(super) fn is_made_up_result(&mut self, id: &str) -> bool {
        if let Some(at) = self.open.iter().position(|(known, _)| known == id) {
            self.open.remove(at);
            return true;
        }
        // What the caller counts may look like what is counted here.
        if self.given.remove(id) {
            return false;
        }
        let is_made_up = self.is_next(id);
        self.next += usize::from(is_made_up);
        is_made_up
    }

    fn is_next(&self, id: &str) -> bool {
        let number = id.strip_prefix(&self.prefix).and_then(|number| number.parse().ok());
        number == Some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_without_an_id_find_their_calls() {
        let mut ids = Ids::of_conversation();
        assert_eq!(ids.call(None, "f"), "call_0");
        assert_eq!(ids.call(Some("x".to_owned()), "g"), "x");
        assert_eq!(ids.call(None, "f"), "call_2");
        assert_eq!(ids.result(None, "g"), "x", "by name");
        assert_eq!(ids.result(None, "h"), "call_0", "by order");
        assert_eq!(ids.result(Some("other".to_owned()), "f"), "other");
        assert_eq!(ids.result(None, "f"), "call_2");
        assert_eq!(ids.result(None, "f"), "call_3", "an answer to nothing");

        let mut ids = Ids::of_conversation();
        let made_up = ["call_0", "x", "call_2"].map(|id| ids.is_made_up_call(id));
        assert_eq!(made_up, [true, false, true]);
        let made_up = ["x", "call_0", "other", "call_2", "call_3"];
        let made_up = made_up.map(|id| ids.is_made_up_result(id));
        assert_eq!(made_up, [false, true, false, true, true]);
    }

    #[test]
    fn an_id_that_a_call_was_given_is_not_made_up_in_its_result() {
        let mut ids = Ids::of_conversation();
        assert_eq!(["call_1", "call_2"].map(|id| ids.is_made_up_call(id)), [false, false]);
        assert_eq!(["call_2", "call_1"].map(|id| ids.is_made_up_result(id)), [false, false]);
        assert!(ids.is_made_up_result("call_2"), "once it was answered, that is another one");
    }

    #[test]
    fn ids_of_answers_differ_between_answers() {
        assert_eq!(Ids::of_answer(Some("Y5-m/oa")).call(None, "f"), "call_Y5-moa_0");
        assert_eq!(Ids::of_answer(None).call(None, "f"), "call_0");
    }
}
