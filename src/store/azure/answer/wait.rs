//! How long a service asks to wait.

use std::time::{Duration, SystemTime};

use crate::store::retry::LONGEST_ASKED;

/// The meaning of one header: `Retry-After` in seconds or as a date, or one of Microsoft's in milliseconds. Nothing for
/// any other, and for "at once", which says nothing that a back-off could follow.
///
/// ```
/// use std::time::Duration;
/// use credflow::store::azure::wait;
///
/// assert_eq!(wait("Retry-After", "7"), Some(Duration::from_secs(7)));
/// assert_eq!(wait("x-ms-retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
/// assert_eq!(wait("Retry-After", "soon"), None);
/// ```
pub fn wait(name: &str, value: &str) -> Option<Duration> {
    let value = value.trim();
    let asked = match name.to_ascii_lowercase().as_str() {
        "retry-after-ms" | "x-ms-retry-after-ms" => Duration::from_millis(value.parse().ok()?),
        "retry-after" => seconds_or_date(value)?,
        _ => return None,
    };
    Some(asked.min(LONGEST_ASKED)).filter(|asked| !asked.is_zero())
}

fn seconds_or_date(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_four_forms() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let forms = [
            ("retry-after", "7", 7000, 7000),
            ("retry-after", date.as_str(), 95_000, 100_000),
            ("retry-after-ms", "1500", 1500, 1500),
            ("x-ms-retry-after-ms", " 20", 20, 20),
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", 0, 0),
            ("retry-after", "0", 0, 0),
            ("retry-after", "soon", 0, 0),
            ("retry-after", "99999999", 600_000, 600_000),
            ("retry-after", "99999999999999999999", 0, 0),
            ("date", "7", 0, 0),
        ];
        for (name, value, least, most) in forms {
            let found = wait(name, value).map_or(0, |asked| asked.as_millis());
            assert!((least..=most).contains(&found), "{name}: {value} gave {found}");
        }
    }
}
