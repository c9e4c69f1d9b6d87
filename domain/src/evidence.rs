//! Answers of the world, and the verdict over them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a check found. "Could not tell" is its own answer and never counts as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is as it should be.
    Pass,
    /// It is as it should be, but somebody should look.
    Warn,
    /// The question could not be answered.
    Unknown,
    /// It is not as it should be.
    Fail,
}

/// One check's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was asked, such as `tenants` or `health app.example.com`.
    pub check: String,
    /// The answer.
    pub answer: Answer,
    /// One sentence that says it; plain text, not yet escaped for chat.
    pub says: String,
    /// Single facts behind the sentence, worst first; plain text.
    pub facts: Vec<String>,
    /// Whether asking again soon may bring another answer: an application may still be starting,
    /// a tenant that the ended migration left behind stays behind.
    pub may_change: bool,
}

/// All answers gathered at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was gathered.
    pub at: Timestamp,
    /// The answers, in the order of the configuration.
    pub findings: Vec<Finding>,
}

impl Evidence {
    /// The worst answer. No check at all is [`Answer::Unknown`]: nothing was proven.
    #[must_use]
    pub fn verdict(&self) -> Answer {
        self.findings.iter().map(|f| f.answer).max().unwrap_or(Answer::Unknown)
    }

    /// Whether it is worth asking again: something is not good yet, and nothing has failed for good.
    #[must_use]
    pub fn may_come_good(&self) -> bool {
        let open = |f: &&Finding| matches!(f.answer, Answer::Unknown | Answer::Fail);
        !self.findings.is_empty()
            && self.findings.iter().filter(open).all(|f| f.may_change || f.answer != Answer::Fail)
            && self.findings.iter().filter(open).any(|f| f.may_change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_answer_decides_and_nothing_asked_proves_nothing() {
        let evidence = |answers: &[Answer]| Evidence {
            at: Timestamp::UNIX_EPOCH,
            findings: answers
                .iter()
                .map(|&answer| Finding { check: "c".into(), answer, says: "s".into(), facts: vec![], may_change: true })
                .collect(),
        };
        assert_eq!(evidence(&[]).verdict(), Answer::Unknown);
        assert_eq!(evidence(&[Answer::Pass, Answer::Warn]).verdict(), Answer::Warn);
        assert_eq!(evidence(&[Answer::Unknown, Answer::Pass]).verdict(), Answer::Unknown);
        assert_eq!(evidence(&[Answer::Unknown, Answer::Fail, Answer::Pass]).verdict(), Answer::Fail);
    }
}
