//! Pictures, documents, video, sound and search results in a message.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::wire::{open_enum, union};

open_enum! {
    /// How a picture is encoded.
    ImageFormat {
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
        /// GIF.
        Gif = "gif",
        /// WebP.
        Webp = "webp",
    }
}

open_enum! {
    /// How a document is encoded.
    DocumentFormat {
        /// PDF.
        Pdf = "pdf",
        /// Comma-separated values.
        Csv = "csv",
        /// Word, before 2007.
        Doc = "doc",
        /// Word.
        Docx = "docx",
        /// Excel, before 2007.
        Xls = "xls",
        /// Excel.
        Xlsx = "xlsx",
        /// HTML.
        Html = "html",
        /// Plain text.
        Txt = "txt",
        /// Markdown.
        Md = "md",
    }
}

open_enum! {
    /// How a video is encoded.
    VideoFormat {
        /// Matroska.
        Mkv = "mkv",
        /// Apple's container.
        Mov = "mov",
        /// MPEG-4.
        Mp4 = "mp4",
        /// Matroska for the web.
        Webm = "webm",
        /// Flash video.
        Flv = "flv",
        /// MPEG.
        Mpeg = "mpeg",
        /// MPEG.
        Mpg = "mpg",
        /// Windows Media.
        Wmv = "wmv",
        /// 3GPP.
        ThreeGp = "three_gp",
    }
}

open_enum! {
    /// How sound is encoded.
    AudioFormat {
        /// MP3.
        Mp3 = "mp3",
        /// Opus.
        Opus = "opus",
        /// WAV.
        Wav = "wav",
        /// AAC.
        Aac = "aac",
        /// FLAC.
        Flac = "flac",
        /// MPEG-4.
        Mp4 = "mp4",
        /// Ogg.
        Ogg = "ogg",
        /// Matroska.
        Mkv = "mkv",
        /// Matroska audio.
        Mka = "mka",
        /// AAC under its older name.
        XAac = "x-aac",
        /// MPEG-4 audio.
        M4a = "m4a",
        /// MPEG.
        Mpeg = "mpeg",
        /// MPEG audio.
        Mpga = "mpga",
        /// Raw samples.
        Pcm = "pcm",
        /// Matroska for the web.
        Webm = "webm",
    }
}

/// An object in S3 that the service reads with the caller's rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct S3Location {
    /// `s3://bucket/key`.
    pub uri: String,
    /// The account that owns the bucket, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_owner: Option<String>,
}

impl S3Location {
    /// An object of the caller's own account.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            bucket_owner: None,
        }
    }
}

union! {
    /// Where a picture, a video or sound comes from.
    MediaSource {
        /// In the request itself, at least one byte.
        Bytes(Blob) = "bytes",
        /// In S3.
        S3(S3Location) = "s3Location",
    }
}

/// Why the service could not make or read a medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaError {
    /// The service's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl MediaError {
    /// An error with the service's words.
    #[must_use]
    pub fn new(message: Option<String>) -> Self {
        Self { message }
    }
}

/// A picture: at most 3.75 MB and 8,000 × 8,000 pixels, 20 in a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageBlock {
    /// How it is encoded.
    pub format: ImageFormat,
    /// The picture.
    pub source: MediaSource,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MediaError>,
}

impl ImageBlock {
    /// A picture from anywhere.
    #[must_use]
    pub fn new(format: ImageFormat, source: MediaSource) -> Self {
        Self {
            format,
            source,
            error: None,
        }
    }

    /// A picture in the request itself.
    #[must_use]
    pub fn bytes(format: ImageFormat, bytes: impl Into<Blob>) -> Self {
        Self::new(format, MediaSource::Bytes(bytes.into()))
    }
}

/// A video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VideoBlock {
    /// How it is encoded.
    pub format: VideoFormat,
    /// The video.
    pub source: MediaSource,
}

impl VideoBlock {
    /// A video from anywhere.
    #[must_use]
    pub fn new(format: VideoFormat, source: MediaSource) -> Self {
        Self { format, source }
    }
}

/// Sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AudioBlock {
    /// How it is encoded.
    pub format: AudioFormat,
    /// The sound.
    pub source: MediaSource,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MediaError>,
}

impl AudioBlock {
    /// Sound from anywhere.
    #[must_use]
    pub fn new(format: AudioFormat, source: MediaSource) -> Self {
        Self {
            format,
            source,
            error: None,
        }
    }
}

/// Whether the model shall cite a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CitationsConfig {
    /// True where it shall.
    pub enabled: bool,
}

impl CitationsConfig {
    /// Citations on or off.
    #[must_use]
    pub const fn new(enabled: bool) -> Self {
        Self { enabled }
    }
}

/// A document: at most 4.5 MB, five in a request, in a message that has a text block too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DocumentBlock {
    /// How it is encoded; needed for all sources but text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<DocumentFormat>,
    /// Its name, 1 to 200 characters; the model reads it.
    pub name: String,
    /// The document.
    pub source: DocumentSource,
    /// What the model should know about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the model shall cite it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationsConfig>,
}

impl DocumentBlock {
    /// A document in the request itself.
    #[must_use]
    pub fn bytes(name: impl Into<String>, format: DocumentFormat, bytes: impl Into<Blob>) -> Self {
        Self {
            format: Some(format),
            ..Self::new(name, DocumentSource::Bytes(bytes.into()))
        }
    }

    /// A document from anywhere, without format.
    #[must_use]
    pub fn new(name: impl Into<String>, source: DocumentSource) -> Self {
        Self {
            format: None,
            name: name.into(),
            source,
            context: None,
            citations: None,
        }
    }

    /// The same with citations.
    #[must_use]
    pub fn with_citations(mut self) -> Self {
        self.citations = Some(CitationsConfig::new(true));
        self
    }
}

union! {
    /// Where a document comes from.
    DocumentSource {
        /// In the request itself, at least one byte.
        Bytes(Blob) = "bytes",
        /// In S3.
        S3(S3Location) = "s3Location",
        /// As plain text.
        Text(String) = "text",
        /// As chunks, which citations can point at.
        Content(Vec<DocumentChunk>) = "content",
    }
}

union! {
    /// A chunk of a document.
    DocumentChunk {
        /// Text.
        Text(String) = "text",
    }
}

/// A hit of a search, which the model can cite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchResultBlock {
    /// Where it was found, a URL for example.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its text, in chunks that citations can point at.
    pub content: Vec<SearchResultText>,
    /// Whether the model shall cite it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationsConfig>,
}

impl SearchResultBlock {
    /// A hit with its text.
    #[must_use]
    pub fn new(
        source: impl Into<String>,
        title: impl Into<String>,
        content: Vec<SearchResultText>,
    ) -> Self {
        Self {
            source: source.into(),
            title: title.into(),
            content,
            citations: None,
        }
    }
}

/// A chunk of a search result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchResultText {
    /// The text.
    pub text: String,
}

impl SearchResultText {
    /// A chunk of text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}
