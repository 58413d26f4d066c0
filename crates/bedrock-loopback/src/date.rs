//! Dates as SigV4 and HTTP write them, from milliseconds since 1970.

/// A UTC date and time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utc {
    millis: i64,
}

impl Utc {
    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    pub(crate) fn from_system(time: std::time::SystemTime) -> Self {
        let millis = time
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            });
        Self { millis }
    }

    /// Reads `YYYYMMDDTHHMMSSZ`.
    pub(crate) fn parse_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            let all = digits.bytes().all(|byte| byte.is_ascii_digit());
            if all { digits.parse().ok() } else { None }
        };
        let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year, month, day);
        if civil_from_days(days) != (year, month, day) {
            return None;
        }
        Some(Self {
            millis: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000,
        })
    }

    pub(crate) const fn millis(self) -> i64 {
        self.millis
    }

    /// `YYYYMMDD`.
    pub(crate) fn scope_date(self) -> String {
        let (year, month, day) = civil_from_days(self.days());
        format!("{year:04}{month:02}{day:02}")
    }

    /// `YYYYMMDDTHHMMSSZ`, cut to whole seconds.
    pub(crate) fn basic(self) -> String {
        let (hour, minute, second) = self.time_of_day();
        format!("{}T{hour:02}{minute:02}{second:02}Z", self.scope_date())
    }

    /// The form of HTTP's `date` header: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub(crate) fn http(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (year, month, day) = civil_from_days(self.days());
        let (hour, minute, second) = self.time_of_day();
        let name = |names: &'static [&'static str], at: i64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| names.get(at))
                .copied()
                .unwrap_or_default()
        };
        let weekday = name(&DAYS, self.days().rem_euclid(7));
        let month = name(&MONTHS, month - 1);
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    const fn days(self) -> i64 {
        self.millis.div_euclid(86_400_000)
    }

    const fn time_of_day(self) -> (i64, i64, i64) {
        let seconds = self.millis.rem_euclid(86_400_000) / 1000;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar; months counted from March so that the leap day comes last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        let date = Utc::from_millis(1_623_760_496_789);
        assert_eq!(date.basic(), "20210615T123456Z");
        assert_eq!(date.scope_date(), "20210615");
        assert_eq!(date.http(), "Tue, 15 Jun 2021 12:34:56 GMT");
        assert_eq!(
            Utc::from_millis(784_111_777_000).http(),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(Utc::from_millis(-1).basic(), "19691231T235959Z");
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let mut date = Utc::parse_basic("18000101T000000Z").unwrap().millis();
        for _ in 0..146_097 {
            let text = Utc::from_millis(date).basic();
            assert_eq!(Utc::parse_basic(&text), Some(Utc::from_millis(date)));
            date += 86_400_000;
        }
        assert_eq!(Utc::from_millis(date).basic(), "22000101T000000Z");
    }

    #[test]
    fn bad_dates_are_none() {
        for text in [
            "",
            "20210615T123456",
            "20210615 123456Z",
            "20210631T000000Z",
            "20211315T000000Z",
            "20210615T243456Z",
            "2021+615T123456Z",
        ] {
            assert_eq!(Utc::parse_basic(text), None, "{text}");
        }
    }
}
