//! Pictures and documents that go with a question.

use std::path::Path;

use bytes::Bytes;
use converse_stream::ContentBlock;
use converse_stream::request::media::{DocumentBlock, DocumentFormat, ImageBlock, ImageFormat};

/// The service's longest name of a document, in characters.
const MAX_NAME: usize = 200;

/// A picture; its first bytes tell how it is encoded.
pub(super) fn image(path: &Path) -> Result<ContentBlock, String> {
    let bytes = read(path)?;
    let format = format_of(&bytes)
        .ok_or_else(|| format!("{}: not a PNG, JPEG, GIF or WebP picture", path.display()))?;
    Ok(ImageBlock::bytes(format, bytes).into())
}

/// A document; the end of its name tells how it is encoded.
pub(super) fn document(path: &Path) -> Result<ContentBlock, String> {
    let extension = path
        .extension()
        .map(|end| end.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let format = match extension.as_str() {
        "htm" => DocumentFormat::Html,
        "markdown" => DocumentFormat::Md,
        known => DocumentFormat::from(known),
    };
    if matches!(format, DocumentFormat::Unknown(_)) {
        return Err(format!(
            "{}: the name of a document must end in .pdf, .csv, .doc, .docx, .xls, .xlsx, .html, .txt or .md",
            path.display()
        ));
    }
    Ok(DocumentBlock::bytes(name_of(path), format, read(path)?).into())
}

fn read(path: &Path) -> Result<Bytes, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.is_empty() {
        return Err(format!("{}: the file is empty", path.display()));
    }
    Ok(bytes.into())
}

fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(ImageFormat::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', ..] => Some(ImageFormat::Gif),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(ImageFormat::Webp),
        _ => None,
    }
}

/// The file's name as the service takes it: letters, digits, single spaces, hyphens, parentheses and brackets.
fn name_of(path: &Path) -> String {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-()[]".contains(c);
    let plain: String = stem
        .chars()
        .map(|c| match c {
            c if allowed(c) => c,
            c if c.is_whitespace() => ' ',
            _ => '-',
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(MAX_NAME).collect();
    if name.is_empty() {
        "document".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_only_what_the_service_takes() {
        for (path, name) in [
            ("/a/Report (final) [2].pdf", "Report (final) [2]"),
            ("my_file  v1.2.pdf", "my-file v1-2"),
            ("übung.txt", "-bung"),
            ("...pdf", "--"),
        ] {
            assert_eq!(name_of(Path::new(path)), name);
        }
        assert_eq!(name_of(Path::new(&"x".repeat(300))).len(), MAX_NAME);
    }

    #[test]
    fn the_first_bytes_tell_a_picture() {
        assert_eq!(format_of(b"\x89PNG\r\n\x1a\n"), Some(ImageFormat::Png));
        assert_eq!(format_of(b"\xFF\xD8\xFF\xE0"), Some(ImageFormat::Jpeg));
        assert_eq!(format_of(b"GIF89a"), Some(ImageFormat::Gif));
        assert_eq!(format_of(b"RIFF1234WEBPVP8 "), Some(ImageFormat::Webp));
        assert_eq!(format_of(b"RIFF1234WAVEfmt "), None);
        assert_eq!(format_of(b""), None);
    }
}
