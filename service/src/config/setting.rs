//! What a setting is, how settings are declared, and the table of all of them.

use std::sync::LazyLock;

/// A variable of the environment that the service reads.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its default: the value itself, or a description if it depends on other settings.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Declares the settings of a module: a constant for each, `NAME = "default", "meaning";`, and the list of them.
macro_rules! settings {
    ($($name:ident = $default:literal, $meaning:literal;)+) => {
        $(
            const $name: $crate::config::Setting = $crate::config::Setting {
                name: stringify!($name),
                default: $default,
                meaning: $meaning,
            };
        )+
        pub(super) const SETTINGS: &[$crate::config::Setting] = &[$($name),+];
    };
}
pub(super) use settings;

/// The table as lines of text, for a terminal.
#[must_use]
pub fn table() -> &'static str {
    // Each subcommand has it in its help, which every start declares.
    static TABLE: LazyLock<String> = LazyLock::new(render);
    &TABLE
}

fn render() -> String {
    let width = super::settings().map(|setting| setting.name.len()).max().unwrap_or_default();
    let lines = super::settings().map(|Setting { name, default, meaning }| {
        format!("  {name:width$}  {meaning}\n  {:width$}  [default: {default}]", "")
    });
    format!("Environment variables:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
