//! Rewrites values in a JSON text; everything else, white space and order included, stays as it was.

use serde_json::Value;

/// A value in a JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaf<'a> {
    /// A string, without its quotes and escapes.
    Text(&'a str),
    /// A number.
    Number,
}

/// Gives `replace` each string and number with the names of the members that lead to it; `Some` takes its place. `None`
/// where the text is not JSON.
pub(super) fn leaves(
    text: &str,
    replace: &mut impl FnMut(&[&str], Leaf<'_>) -> Option<String>,
) -> Option<String> {
    // The walk below trusts the text.
    serde_json::from_str::<Value>(text).ok()?;
    let mut walk = Walk::default();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' => string_len(rest),
            '-' | '0'..='9' => number_len(rest),
            _ => first.len_utf8(),
        };
        let (token, behind) = rest.split_at_checked(len)?;
        match first {
            '"' => {
                let content: String = serde_json::from_str(token).ok()?;
                if walk.is_name(&content) {
                    out.push_str(token);
                } else {
                    match replace(&walk.path(), Leaf::Text(&content)) {
                        Some(new) => out.push_str(&Value::from(new).to_string()),
                        None => out.push_str(token),
                    }
                }
            }
            '-' | '0'..='9' => match replace(&walk.path(), Leaf::Number) {
                Some(new) => out.push_str(&new),
                None => out.push_str(token),
            },
            mark => {
                walk.mark(mark);
                out.push_str(token);
            }
        }
        rest = behind;
    }
    Some(out)
}

/// Where in the text we are.
#[derive(Default)]
struct Walk {
    /// The objects and lists around; for an object the member whose value comes.
    around: Vec<Level>,
}

struct Level {
    is_object: bool,
    name: Option<String>,
    /// A member's name comes next.
    at_name: bool,
}

impl Walk {
    fn mark(&mut self, mark: char) {
        match (mark, self.around.last_mut()) {
            ('{' | '[', _) => self.around.push(Level {
                is_object: mark == '{',
                name: None,
                at_name: mark == '{',
            }),
            ('}' | ']', _) => drop(self.around.pop()),
            (',', Some(level)) => level.at_name = level.is_object,
            (':', Some(level)) => level.at_name = false,
            _ => {}
        }
    }

    /// Whether a string is a member's name, which is then remembered.
    fn is_name(&mut self, text: &str) -> bool {
        match self.around.last_mut() {
            Some(level) if level.at_name => {
                level.name = Some(text.to_owned());
                true
            }
            _ => false,
        }
    }

    fn path(&self) -> Vec<&str> {
        self.around
            .iter()
            .filter_map(|level| level.name.as_deref())
            .collect()
    }
}

/// Bytes of the string that `text` begins with, quotes included.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn number_len(text: &str) -> usize {
    text.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_replaced_changes() {
        let text = r#"{ "a" : "q\"\u00e9", "b":[1, {"c": "d", "a":-1.5e3}], "e":{}, "f": true }"#;
        let mut seen = Vec::new();
        let same = leaves(text, &mut |path, leaf| {
            seen.push(format!("{}={leaf:?}", path.join(".")));
            None
        });
        assert_eq!(same.as_deref(), Some(text));
        assert_eq!(
            seen,
            [
                "a=Text(\"q\\\"é\")",
                "b=Number",
                "b.c=Text(\"d\")",
                "b.a=Number",
            ]
        );
        let changed = leaves(text, &mut |path, _| {
            (path == ["b", "c"]).then(|| "x\"y".to_owned())
        });
        assert_eq!(
            changed.unwrap(),
            text.replace("\"d\"", "\"x\\\"y\""),
            "a name that is like a value stays"
        );
        assert_eq!(leaves("{\"a\":", &mut |_, _| None), None);
    }
}
