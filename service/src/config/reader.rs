//! Reads settings one by one and collects every problem.

use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use secrecy::SecretString;

use super::Setting;

/// One variable that is wrong, and how to correct it.
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

/// Where variables come from: the environment of the process, or a test.
pub(super) type Lookup<'a> = &'a dyn Fn(&'static str) -> Option<OsString>;

pub(super) struct Reader<'a> {
    lookup: Lookup<'a>,
    problems: Vec<ConfigProblem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// The configuration, unless a problem was reported; with `None` there always is one.
    pub(super) fn finish<T>(self, configuration: Option<T>) -> Result<T, ConfigProblems> {
        match configuration {
            Some(configuration) if self.problems.is_empty() => Ok(configuration),
            _ => Err(ConfigProblems(self.problems)),
        }
    }

    pub(super) fn problem(&mut self, setting: &Setting, message: impl Into<String>) {
        let problem = ConfigProblem { variable: setting.name, message: message.into() };
        // A setting that is read in two places is still one problem.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The value of a setting, if it is set; an empty one counts as not set.
    pub(super) fn optional(&mut self, setting: &Setting) -> Option<String> {
        let Ok(text) = (self.lookup)(setting.name)?.into_string() else {
            self.problem(setting, "is not UTF-8");
            return None;
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The value of a setting that must be set here, whatever its default.
    pub(super) fn required(&mut self, setting: &Setting, wanted: &str) -> Option<String> {
        let text = self.optional(setting);
        if text.is_none() {
            self.problem(setting, format!("is not set; it must be {wanted}"));
        }
        text
    }

    /// A password; it may be empty.
    pub(super) fn secret(&mut self, setting: &'static Setting) -> SecretString {
        if (self.lookup)(setting.name).is_some_and(|text| text.is_empty()) {
            return SecretString::from("");
        }
        self.get(setting).text().into()
    }

    /// A setting's value, or its default, which is then parsed as if it had been set.
    pub(super) fn get(&mut self, setting: &'static Setting) -> Value<'_, 'a> {
        self.get_or(setting, setting.default)
    }

    /// The same with this default, for a setting whose default depends on others.
    pub(super) fn get_or(&mut self, setting: &'static Setting, default: &str) -> Value<'_, 'a> {
        let text = self.optional(setting).unwrap_or_else(|| default.to_owned());
        Value { reader: self, setting, text }
    }
}

/// The text of a setting, to be parsed. If it is wrong, the reader gets a problem.
pub(super) struct Value<'r, 'a> {
    reader: &'r mut Reader<'a>,
    setting: &'static Setting,
    text: String,
}

impl Value<'_, '_> {
    pub(super) fn text(self) -> String {
        self.text
    }

    pub(super) fn parsed<T: FromStr>(&mut self, wanted: &str) -> Option<T> {
        let value = self.text.parse().ok();
        if value.is_none() {
            self.reader.problem(self.setting, format!("is {:?}; it must be {wanted}", self.text));
        }
        value
    }

    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn port(&mut self) -> Option<u16> {
        self.parsed("a port from 0 to 65535")
    }

    pub(super) fn in_range(&mut self, range: RangeInclusive<usize>) -> Option<usize> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(&wanted)?;
        if !range.contains(&number) {
            self.reader.problem(self.setting, format!("is {number}; it must be {wanted}"));
            return None;
        }
        Some(number)
    }

    /// One of some words, in any case.
    pub(super) fn choice<T: Clone>(&mut self, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&self.text)) {
            return Some(value.clone());
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.reader
            .problem(self.setting, format!("is {:?}; it must be one of {}", self.text, words.join(", ")));
        None
    }
}
