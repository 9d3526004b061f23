//! A value in a log line: escaped, and cut where it is too long.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The most octets of any value.
const VALUE_LIMIT: usize = 2 << 10;
/// The most octets of all values of a line: with the names of the fields it stays below 8 KiB.
const LINE_LIMIT: usize = 7 << 10;
/// The end of a value that was cut.
const MARK: &str = "…";

/// What stands for a character that may not stand in a value as it is.
pub(super) type Escape = fn(char) -> Option<Cow<'static, str>>;

/// The values of one line.
pub(super) struct Values {
    escape: Escape,
    left: usize,
}

impl Values {
    pub(super) const fn new(escape: Escape) -> Self {
        Self { escape, left: LINE_LIMIT }
    }

    pub(super) fn write_str(&mut self, writer: &mut impl Write, value: &str) -> fmt::Result {
        self.write_with(writer, |escaped| escaped.write_str(value))
    }

    pub(super) fn write_debug(&mut self, writer: &mut impl Write, value: &dyn fmt::Debug) -> fmt::Result {
        self.write_with(writer, |escaped| write!(escaped, "{value:?}"))
    }

    fn write_with<W: Write>(
        &mut self,
        writer: &mut W,
        write: impl FnOnce(&mut Escaped<&mut W>) -> fmt::Result,
    ) -> fmt::Result {
        let limit = self.left.min(VALUE_LIMIT);
        let mut escaped = Escaped { limited: Limited::new(writer, limit), escape: self.escape };
        // An error is that of the limit, or of a value that cannot be formatted: the line goes on.
        let _ = write(&mut escaped);
        self.left -= limit - escaped.limited.left;
        escaped.limited.finish()
    }
}

/// Takes so many octets, and no more.
struct Limited<W> {
    writer: W,
    left: usize,
    cut: bool,
}

impl<W: Write> Limited<W> {
    const fn new(writer: W, left: usize) -> Self {
        Self { writer, left, cut: false }
    }

    /// Writes what makes no sense in part.
    fn write_whole(&mut self, text: &str) -> fmt::Result {
        if text.len() > self.left {
            self.cut = true;
            return Err(fmt::Error);
        }
        self.left -= text.len();
        self.writer.write_str(text)
    }

    fn finish(mut self) -> fmt::Result {
        if self.cut { self.writer.write_str(MARK) } else { Ok(()) }
    }
}

impl<W: Write> Write for Limited<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left {
            return self.write_whole(text);
        }
        let (head, tail) = text.split_at(text.floor_char_boundary(self.left));
        self.write_whole(head)?;
        // The tail begins with the character that no longer fits.
        self.write_whole(tail)
    }
}

struct Escaped<W> {
    limited: Limited<W>,
    escape: Escape,
}

impl<W: Write> Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|octet| MAY_NEED_ESCAPE[usize::from(octet)]) {
            let (plain, tail) = rest.split_at(at);
            self.limited.write_str(plain)?;
            let Some(character) = tail.chars().next() else { break };
            let (unescaped, tail) = tail.split_at(character.len_utf8());
            match (self.escape)(character) {
                Some(escaped) => self.limited.write_whole(&escaped)?,
                None => self.limited.write_str(unescaped)?,
            }
            rest = tail;
        }
        self.limited.write_str(rest)
    }
}

/// Whether a quote, a backslash or a control character may begin with an octet: U+0080 to U+009F begin with 0xC2.
const MAY_NEED_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < table.len() {
        table[octet] = matches!(octet, 0..0x20 | 0x22 | 0x5c | 0x7f | 0xc2);
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn brackets(character: char) -> Option<Cow<'static, str>> {
        character.is_control().then(|| format!("[{:02x}]", u32::from(character)).into())
    }

    fn written(values: &mut Values, value: &str) -> String {
        let mut text = String::new();
        values.write_str(&mut text, value).unwrap();
        text
    }

    #[test]
    fn what_fits_is_whole() {
        let value = "ä".repeat(VALUE_LIMIT / 2);
        assert_eq!(written(&mut Values::new(brackets), &value), value);
    }

    #[test]
    fn a_long_value_is_cut_between_characters_and_marked() {
        for (character, size) in [("x", 1), ("ä", 2), ("€", 3), ("😀", 4)] {
            let whole = VALUE_LIMIT / size;
            let value = written(&mut Values::new(brackets), &character.repeat(60_000));
            assert_eq!(value, format!("{}…", character.repeat(whole)));
        }
    }

    #[test]
    fn an_escape_is_whole_or_not_there() {
        let value = written(&mut Values::new(brackets), &"\u{9b}".repeat(60_000));
        assert_eq!(value, format!("{}…", "[9b]".repeat(VALUE_LIMIT / 4)));
        let value = written(&mut Values::new(brackets), &format!("x{}", "\u{9b}".repeat(60_000)));
        assert_eq!(value, format!("x{}…", "[9b]".repeat(VALUE_LIMIT / 4 - 1)));
    }

    #[test]
    fn many_long_values_share_the_limit_of_a_line() {
        let values = &mut Values::new(brackets);
        let line: String = (0..32).map(|_| written(values, &"x".repeat(60_000))).collect();
        assert_eq!(line.len(), LINE_LIMIT + 32 * MARK.len());
    }
}
