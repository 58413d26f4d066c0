//! JSON of the one shape that audio comes in, read without a parser.
//!
//! Events of speech are objects of plain strings, and nearly all their bytes are base64. A parser
//! looks at each byte for escapes and for UTF-8, which base64 has none of; here it is looked for
//! the closing quote alone. Whatever is not of this shape is left to a parser.

/// The members of a JSON object whose values are all strings.
///
/// It gives up ([`NotPlain`]) at whatever else comes, be it other JSON or none at all.
#[derive(Clone, Debug)]
pub struct PlainMembers<'a> {
    rest: &'a [u8],
    first: bool,
}

/// The text is not an object of plain strings: a parser can say what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPlain;

/// What stands between two quotes, not looked at yet: it may hold anything but a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a>(&'a [u8]);

impl<'a> PlainMembers<'a> {
    /// The members of the object that lies behind these names, each the only one of its object so
    /// far: `["event", "audioOutput"]` for `{"event":{"audioOutput":{`. No names: of `json` itself.
    ///
    /// # Errors
    /// Where other text stands there.
    pub fn behind(names: &[&str], json: &'a [u8]) -> Result<Self, NotPlain> {
        let mut this = Self {
            rest: json,
            first: true,
        };
        this.token(b'{')?;
        for name in names {
            if this.name()?.as_bytes() != name.as_bytes() {
                return Err(NotPlain);
            }
            this.token(b'{')?;
        }
        Ok(this)
    }

    /// The next member, name and value; `None` at the end of the object.
    ///
    /// # Errors
    /// Where something else than a member with a string value comes.
    #[expect(
        clippy::should_implement_trait,
        reason = "it fails, and `?` reads better here"
    )]
    pub fn next(&mut self) -> Result<Option<(Quoted<'a>, Quoted<'a>)>, NotPlain> {
        let first = std::mem::replace(&mut self.first, false);
        if self.token(b'}').is_ok() {
            return Ok(None);
        }
        if !first {
            self.token(b',')?;
        }
        Ok(Some((self.name()?, self.quoted()?)))
    }

    /// After the last member: that nothing follows but the ends of so many objects around this one.
    ///
    /// # Errors
    /// Where something else does.
    pub fn finish(mut self, depth: usize) -> Result<(), NotPlain> {
        for _ in 0..depth {
            self.token(b'}')?;
        }
        self.skip_space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(NotPlain)
        }
    }

    fn name(&mut self) -> Result<Quoted<'a>, NotPlain> {
        let name = self.quoted()?;
        self.token(b':')?;
        Ok(name)
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, NotPlain> {
        self.token(b'"')?;
        let len = memchr::memchr(b'"', self.rest).ok_or(NotPlain)?;
        let (text, rest) = self.rest.split_at_checked(len).ok_or(NotPlain)?;
        self.rest = rest;
        self.token(b'"')?;
        Ok(Quoted(text))
    }

    /// Takes this token, and the space before it.
    fn token(&mut self, token: u8) -> Result<(), NotPlain> {
        self.skip_space();
        match self.rest {
            [first, rest @ ..] if *first == token => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(NotPlain),
        }
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

impl<'a> Quoted<'a> {
    /// As it stands there. Equal to some plain text, it is that text.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text of printable ASCII without escapes.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(self) -> Result<&'a str, NotPlain> {
        let plain = |byte: u8| matches!(byte, 0x20..=0x5b | 0x5d..=0x7e);
        // All but the backslash; without a branch for each byte, so that it is done many at a time.
        if !self.0.iter().fold(true, |all, byte| all & plain(*byte)) {
            return Err(NotPlain);
        }
        std::str::from_utf8(self.0).map_err(|_| NotPlain)
    }

    /// The bytes that it is the padded standard base64 of, appended to `out`.
    ///
    /// # Errors
    /// Where it is not base64; `out` is then as it was.
    pub fn decode_into(self, out: &mut Vec<u8>) -> Result<(), NotPlain> {
        let had = out.len();
        base64_simd::STANDARD
            .decode_append(self.0, out)
            .map_err(|_| {
                out.truncate(had);
                NotPlain
            })
    }

    /// The same as a vector of its own, of just the size.
    ///
    /// # Errors
    /// Where it is not base64.
    pub fn decode(self) -> Result<Vec<u8>, NotPlain> {
        base64_simd::STANDARD
            .decode_to_vec(self.0)
            .map_err(|_| NotPlain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    /// The object by this reader, if it is plain.
    fn read(json: &[u8]) -> Result<Vec<(&str, &str)>, NotPlain> {
        let mut members = PlainMembers::behind(&[], json)?;
        let mut all = Vec::new();
        while let Some((name, value)) = members.next()? {
            all.push((name.text()?, value.text()?));
        }
        members.finish(0)?;
        Ok(all)
    }

    #[test]
    fn plain_objects_are_read_with_space_anywhere() {
        assert_eq!(read(b"{}").unwrap(), []);
        assert_eq!(
            read(b" {\n\"a\" : \"1\" ,\r\t\"\":\"\"} ").unwrap(),
            [("a", "1"), ("", "")]
        );
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        for json in [
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"a":"\""}"#,
            r#"{"a":"\\"}"#,
            r#"{"\u0061":""}"#,
            "{\"a\":\"\u{e9}\"}",
            "{\"a\":\"\n\"}",
            "{\x0c}",
            r#"{"a":"" "b":""}"#,
            r#"{"a":"",}"#,
            r#"{,"a":""}"#,
            r#"{"a"}"#,
            r#"{"a":""}}"#,
            r#"{"a":"""#,
            "[]",
            "",
        ] {
            assert_eq!(read(json.as_bytes()), Err(NotPlain), "{json}");
        }
    }

    #[test]
    fn objects_around_are_entered_and_left() {
        let json = br#"{"event": {"audio":{"a":"AQI="}}}"#;
        let mut members = PlainMembers::behind(&["event", "audio"], json).unwrap();
        let (name, value) = members.next().unwrap().unwrap();
        assert_eq!(name.text(), Ok("a"));
        assert_eq!(value.decode().unwrap(), [1, 2]);
        assert_eq!(members.next(), Ok(None));
        assert_eq!(members.clone().finish(1), Err(NotPlain));
        assert_eq!(members.finish(2), Ok(()));
        assert!(PlainMembers::behind(&["event", "text"], json).is_err());
    }

    proptest! {
        /// Whatever it reads, a parser reads the same.
        #[test]
        fn a_parser_agrees(json in r#"[ {}\[:,"\\a\n\x0c\u{e9}1]{0,24}|\{( ?"[ab\\ ]{0,2}" ?: ?"[a-z\\"]{0,3}",?){0,3}\}"#) {
            if let Ok(members) = read(json.as_bytes()) {
                let parsed: Map<String, Value> = serde_json::from_str(&json).unwrap();
                let read: Map<String, Value> =
                    members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
                prop_assert_eq!(parsed, read);
            }
        }
    }
}
