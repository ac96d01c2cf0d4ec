//! The emulator's time, and how the services write times.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's time, shifted.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicI64);

impl Clock {
    /// The machine's, so many seconds ahead.
    pub(super) fn ahead(seconds: i64) -> Self {
        Self(AtomicI64::new(seconds))
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        i64::try_from(elapsed).unwrap_or(i64::MAX).saturating_add(self.offset())
    }

    /// How many seconds it is ahead of the machine's.
    pub(super) fn offset(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Shifts it to be so many seconds ahead of the machine's.
    pub(super) fn shift(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// The time as the `Date` of an answer has it.
    pub(super) fn date(&self) -> String {
        let now = Duration::from_secs(u64::try_from(self.now()).unwrap_or_default());
        // A date has four digits for the year.
        httpdate::fmt_http_date(UNIX_EPOCH + now.min(Duration::from_secs(253_402_300_799)))
    }
}

/// `2026-01-31 23:59:59Z`, as Entra ID writes times.
pub(super) fn timestamp(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Seconds since 1970 of `2026-01-31`, `2026-01-31T23:59:59Z` or a number of them.
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00Z"));
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let mut parts = time.strip_suffix('Z')?.splitn(3, ':');
    let (hour, minute, second) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let days = day_of(year, month, day);
    // A day that its month doesn't have becomes another one.
    let is_time = civil(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    is_time.then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Year, month and day of a day since 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day since 1970 of a year, month and day (Howard Hinnant's `days_from_civil`).
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Clock, parse, timestamp};

    #[test]
    fn times_are_civil() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_798_761_599, "2026-12-31 23:59:59Z"),
        ] {
            assert_eq!(timestamp(seconds), text);
            assert_eq!(parse(text), Some(seconds));
            assert_eq!(parse(&text.replace(' ', "T")), Some(seconds));
        }
        assert_eq!((parse("2026-12-31"), parse("17")), (Some(1_798_675_200), Some(17)));
        for none in
            ["", "2026", "2026-1-1", "2026-02-29", "2026-13-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "x"]
        {
            assert_eq!(parse(none), (none == "2026").then_some(2026), "{none}");
        }
    }

    #[test]
    fn a_clock_can_be_shifted() {
        let (clock, ahead) = (Clock::default(), Clock::ahead(86_400));
        assert!((86_399..=86_401).contains(&(ahead.now() - clock.now())));
        clock.shift(i64::MAX);
        assert_eq!((clock.now(), clock.date().as_str()), (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"));
        clock.shift(i64::MIN);
        assert_eq!(clock.date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
