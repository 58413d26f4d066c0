//! A moment as SigV4 writes it.

use eventstream_codec::Timestamp;

/// `YYYYMMDDTHHMMSSZ` in UTC, sub-seconds cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AmzDate([u8; 16]);

const SECS_PER_DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_FROM_MARCH_OF_YEAR_0: i64 = 719_468;
const DAYS_PER_400_YEARS: i64 = 146_097;

impl AmzDate {
    /// `None` outside of the years 0 to 9999, which four digits cannot hold.
    pub(crate) fn new(at: Timestamp) -> Option<Self> {
        let secs = at.as_secs();
        let (year, month, day) = civil(secs.div_euclid(SECS_PER_DAY));
        if !(0..=9999).contains(&year) {
            return None;
        }
        let second_of_day = secs.rem_euclid(SECS_PER_DAY);
        let [y0, y1] = two_digits(year / 100);
        let [y2, y3] = two_digits(year % 100);
        let [m0, m1] = two_digits(month);
        let [d0, d1] = two_digits(day);
        let [h0, h1] = two_digits(second_of_day / 3600);
        let [n0, n1] = two_digits(second_of_day / 60 % 60);
        let [s0, s1] = two_digits(second_of_day % 60);
        Some(Self([
            y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, n0, n1, s0, s1, b'Z',
        ]))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// `YYYYMMDD`.
    pub(crate) fn date(&self) -> [u8; 8] {
        let [y0, y1, y2, y3, m0, m1, d0, d1, ..] = self.0;
        [y0, y1, y2, y3, m0, m1, d0, d1]
    }
}

/// Year, month and day of the proleptic Gregorian calendar. Years begin in March here, so that the leap day comes last.
fn civil(days_since_epoch: i64) -> (i64, i64, i64) {
    let days = days_since_epoch.saturating_add(EPOCH_FROM_MARCH_OF_YEAR_0);
    let era = days.div_euclid(DAYS_PER_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_PER_400_YEARS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// Two decimal digits of a number from 0 to 99.
fn two_digits(number: i64) -> [u8; 2] {
    let digit = |n: i64| b'0' + u8::try_from(n % 10).unwrap_or_default();
    [digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(millis: i64) -> Option<String> {
        let date = AmzDate::new(Timestamp::from_millis(millis))?;
        Some(String::from_utf8(date.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn dates_and_times_are_those_of_the_calendar() {
        for (secs, expected) in [
            (0, "19700101T000000Z"),
            (-1, "19691231T235959Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_709_164_800, "20240229T000000Z"),
            (1_798_761_599, "20261231T235959Z"),
            (1_798_761_600, "20270101T000000Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (253_402_300_799, "99991231T235959Z"),
        ] {
            assert_eq!(text(secs * 1000).as_deref(), Some(expected));
            assert_eq!(text(secs * 1000 + 999).as_deref(), Some(expected));
        }
    }

    #[test]
    fn days_follow_each_other() {
        let mut last = (1969, 12, 31);
        for day in 0..200_000 {
            let (y, m, d) = civil(day);
            let (ly, lm, ld) = last;
            let next_day = (y, m, d) == (ly, lm, ld + 1);
            let next_month = d == 1 && (y, m) == (ly, lm + 1) && ld >= 28;
            let next_year = (m, d) == (1, 1) && y == ly + 1 && (lm, ld) == (12, 31);
            assert!(
                next_day || next_month || next_year,
                "{last:?} then {:?}",
                (y, m, d)
            );
            last = (y, m, d);
        }
    }

    #[test]
    fn a_year_of_five_digits_is_refused() {
        assert_eq!(text(253_402_300_800_000), None);
        assert_eq!(text(-62_167_219_200_001), None);
        assert_eq!(text(i64::MAX), None);
        assert_eq!(text(i64::MIN), None);
    }
}
