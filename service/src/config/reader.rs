//! Reads variables one by one and remembers every problem.

use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use secrecy::SecretString;

/// One variable that is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong, and what to set instead.
    pub message: String,
}

/// Every variable that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl std::error::Error for ConfigProblems {}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The configuration has {} problem(s):", self.0.len())?;
        for problem in &self.0 {
            writeln!(f, "  {} {}", problem.variable, problem.message)?;
        }
        write!(f, "`users-service serve --help` lists every variable.")
    }
}

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&'static str) -> Option<OsString>,
    problems: Vec<ConfigProblem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&'static str) -> Option<OsString>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    pub(super) fn finish<T>(&mut self, value: T) -> Result<T, ConfigProblems> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigProblems(std::mem::take(&mut self.problems)))
        }
    }

    pub(super) fn problem(&mut self, variable: &'static str, message: impl Into<String>) {
        let problem = ConfigProblem { variable, message: message.into() };
        // A variable that is read in two places is still one problem.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A variable; an empty one counts as not set.
    pub(super) fn text(&mut self, variable: &'static str) -> Option<String> {
        let Ok(text) = (self.lookup)(variable)?.into_string() else {
            self.problem(variable, "is not UTF-8");
            return None;
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// A variable that has no default.
    pub(super) fn required(&mut self, variable: &'static str, meaning: &str) -> String {
        self.text(variable).unwrap_or_else(|| {
            self.problem(variable, format!("is not set; it must be {meaning}"));
            String::new()
        })
    }

    /// A password; it may be empty.
    pub(super) fn secret(&mut self, variable: &'static str) -> Option<SecretString> {
        if (self.lookup)(variable)?.is_empty() {
            return Some(SecretString::from(""));
        }
        self.text(variable).map(SecretString::from)
    }

    pub(super) fn parsed<T: FromStr>(&mut self, variable: &'static str, default: T, wanted: &str) -> T {
        let Some(text) = self.text(variable) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.problem(variable, format!("is {text:?}; it must be {wanted}"));
            default
        })
    }

    pub(super) fn port(&mut self, variable: &'static str, default: u16) -> u16 {
        self.parsed(variable, default, "a port from 0 to 65535")
    }

    pub(super) fn in_range(
        &mut self,
        variable: &'static str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(variable, default, &wanted);
        if !range.contains(&number) {
            self.problem(variable, format!("is {number}; it must be {wanted}"));
        }
        number
    }

    /// One of some words, in any case.
    pub(super) fn choice<T: Clone>(&mut self, variable: &'static str, default: T, words: &[(&str, T)]) -> T {
        let Some(text) = self.text(variable) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return value.clone();
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.problem(variable, format!("is {text:?}; it must be one of {}", words.join(", ")));
        default
    }
}
