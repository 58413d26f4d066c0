//! WAV in and out: mono PCM16, nothing else.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Sample rates that Nova Sonic takes and gives, in Hz.
pub(crate) const RATES: [u32; 3] = [8_000, 16_000, 24_000];

/// Speech from a WAV file.
#[derive(Debug)]
pub(crate) struct Speech {
    /// Little-endian PCM16, mono.
    pub(crate) pcm: Vec<u8>,
    /// Samples a second.
    pub(crate) rate: u32,
}

/// Reads a whole WAV file.
///
/// # Errors
/// One line that says what is wrong with the file and how to convert it.
pub(crate) fn read(path: &Path) -> Result<Speech, String> {
    let name = path.display();
    let convert = format!("Convert it: sox {name} -r 16000 -c 1 -b 16 converted.wav");
    let mut reader = hound::WavReader::open(path).map_err(|error| match error {
        hound::Error::IoError(error) => format!("{name}: {error}"),
        error => format!("{name}: not a WAV file ({error}). {convert}"),
    })?;
    let spec = reader.spec();
    if spec.channels != 1
        || spec.bits_per_sample != 16
        || spec.sample_format != hound::SampleFormat::Int
        || !RATES.contains(&spec.sample_rate)
    {
        return Err(format!(
            "{name}: {} Hz, {} channel(s), {} bits; Nova Sonic takes mono PCM16 at 8, 16 or 24 kHz. {convert}",
            spec.sample_rate, spec.channels, spec.bits_per_sample
        ));
    }
    let mut pcm = Vec::with_capacity(reader.len() as usize * 2);
    for sample in reader.samples::<i16>() {
        let sample = sample.map_err(|error| format!("{name}: {error}"))?;
        pcm.extend_from_slice(&sample.to_le_bytes());
    }
    Ok(Speech {
        pcm,
        rate: spec.sample_rate,
    })
}

/// A WAV file that is whole after every [`write`](Self::write) that is followed by a [`flush`](Self::flush).
pub(crate) struct WavFile {
    writer: hound::WavWriter<BufWriter<File>>,
    /// The first byte of a sample whose second has not come yet.
    odd: Option<u8>,
}

impl WavFile {
    /// Creates (or empties) the file.
    pub(crate) fn create(path: &Path, rate: u32) -> Result<Self, String> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { writer, odd: None })
    }

    /// Appends little-endian PCM16.
    pub(crate) fn write(&mut self, pcm: &[u8]) -> Result<(), String> {
        let mut bytes = self.odd.take().into_iter().chain(pcm.iter().copied());
        while let Some(low) = bytes.next() {
            let Some(high) = bytes.next() else {
                self.odd = Some(low);
                break;
            };
            self.writer
                .write_sample(i16::from_le_bytes([low, high]))
                .map_err(|error| format!("the WAV file: {error}"))?;
        }
        Ok(())
    }

    /// Makes what was written so far a whole WAV file on disk.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        self.writer
            .flush()
            .map_err(|error| format!("the WAV file: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_odd_pieces_reads_back() {
        let path = std::env::temp_dir().join(format!("bedrock-wav-{}.wav", std::process::id()));
        let pcm: Vec<u8> = (0..=199).collect();
        let mut file = WavFile::create(&path, 24_000).unwrap();
        for piece in pcm.chunks(7) {
            file.write(piece).unwrap();
            file.flush().unwrap();
        }
        let speech = read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((speech.rate, speech.pcm), (24_000, pcm));
    }

    #[test]
    fn a_file_of_another_kind_is_refused_with_the_way_out() {
        let path = std::env::temp_dir().join(format!("bedrock-wav-mp3-{}.mp3", std::process::id()));
        std::fs::write(&path, b"ID3\x04 and so on").unwrap();
        let error = read(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(
            error.contains("not a WAV file") && error.contains("sox "),
            "{error}"
        );
        let error = read(&path).unwrap_err();
        assert!(!error.contains("sox "), "there is none: {error}");
    }

    #[test]
    fn a_rate_that_sonic_does_not_take_is_refused_with_the_way_out() {
        let path = std::env::temp_dir().join(format!("bedrock-wav-48-{}.wav", std::process::id()));
        WavFile::create(&path, 48_000).unwrap().flush().unwrap();
        let error = read(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(
            error.contains("48000 Hz") && error.contains("sox "),
            "{error}"
        );
    }
}
