//! The dates of a string to sign: `YYYYMMDDTHHMMSSZ`, in UTC.

/// Seconds since 1970 of such a date.
pub(super) fn parse(text: &str) -> Option<i64> {
    let number = |from, to| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// The date of so many seconds since 1970.
pub(super) fn format(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

/// The year, month and day of a number of days since 1970-01-01.
fn civil(date: i64) -> (i64, i64, i64) {
    // No year is longer than 366 days: the first guess is early, never late.
    let mut year = 1970 + date.div_euclid(366) - i64::from(date < 0);
    while days(year + 1, 1, 1) <= date {
        year += 1;
    }
    let month = (1..=12)
        .rev()
        .find(|month| days(year, *month, 1) <= date)
        .unwrap_or(1);
    (year, month, date - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        for (text, seconds) in [
            ("19700101T000000Z", 0),
            ("20190127T223754Z", 1_548_628_674),
            ("20240229T120000Z", 1_709_208_000),
            ("20261231T235959Z", 1_798_761_599),
            ("19691231T235959Z", -1),
        ] {
            assert_eq!(parse(text), Some(seconds));
            assert_eq!(format(seconds), text);
        }
        assert_eq!(parse("yesterday"), None);
    }
}
