//! What all requests to one store share: how many may be in flight, how many a while, and until when none may be sent.
//!
//! Being throttled pauses the store as a whole. When most of what was under way then fares alike, what may be in flight
//! is halved; successes let it grow again, by one for each round of them. A store that refuses a few of many by chance
//! is not met by fewer requests, only later.

use std::num::NonZeroU16;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::budget::Budget;
use super::error::FetchError;
use super::rate::Rate;
use super::retry::back_off;
use super::window::Window;

/// One store's throttle.
pub(super) struct Throttle {
    permits: Semaphore,
    state: Mutex<State>,
}

struct State {
    pause: Pause,
    window: Window,
    budget: Budget,
}

/// When requests may be sent again.
#[derive(Default)]
struct Pause {
    /// When the last pause began.
    since: Option<Instant>,
    until: Option<Instant>,
    /// Pauses in a row without a success between them.
    streak: u32,
    /// What the store said.
    why: Option<FetchError>,
    /// What becomes of the requests that were under way when it began; nothing once that was weighed.
    wave: Option<Wave>,
}

/// How many of some requests were throttled, and how many weren't.
#[derive(Default)]
struct Wave {
    throttled: usize,
    well: usize,
}

/// The right to have one request in flight.
pub(super) struct Permit<'t> {
    throttle: &'t Throttle,
    place: Option<SemaphorePermit<'t>>,
    sent: Instant,
    counts: bool,
}

impl Throttle {
    /// A throttle that lets so many in at once, at that rate.
    pub(super) fn new(concurrency: NonZeroU16, rate: Option<Rate>) -> Self {
        let most = usize::from(concurrency.get());
        Self {
            permits: Semaphore::new(most),
            state: Mutex::new(State { pause: Pause::default(), window: Window::new(most), budget: Budget::new(rate) }),
        }
    }

    /// Lets no more in at once than that from now on.
    pub(super) fn bound(&self, concurrency: NonZeroU16) {
        let mut state = self.state();
        let fewer = state.window.bound(usize::from(concurrency.get()));
        let gone = self.permits.forget_permits(fewer);
        state.window.owed += fewer - gone;
    }

    /// Waits for a pause to end, for the budget, and for a place. Nobody holds a place meanwhile. When that is later than
    /// the deadline, the error is what the store said; nothing where it is the budget that is spent.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Permit<'_>, Option<FetchError>> {
        loop {
            let closed = self.state().closed();
            if let Some((until, why)) = closed {
                if until >= deadline {
                    return Err(why);
                }
                tokio::time::sleep_until(until).await;
            }
            let permit = self.permits.acquire().await.expect("internal error: the semaphore is never closed");
            let mut state = self.state();
            // Before a pause that begins right after it, so that this request counts as known to that one.
            let sent = Instant::now();
            if state.closed().is_some() {
                continue;
            }
            let fewer = state.weigh();
            let gone = self.permits.forget_permits(fewer);
            state.window.owed += fewer - gone;
            if state.window.owed > 0 {
                // This place was to go; what is left goes when it is given back.
                state.window.owed -= 1;
                permit.forget();
                continue;
            }
            state.budget.send();
            return Ok(Permit { throttle: self, place: Some(permit), sent, counts: true });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Until when no request may be sent, and what to say to who can't wait so long.
    fn closed(&mut self) -> Option<(Instant, Option<FetchError>)> {
        let now = Instant::now();
        let paused = self.pause.until.filter(|until| *until > now);
        match (paused, self.budget.closed(now)) {
            (Some(paused), spent) if spent.is_none_or(|spent| spent < paused) => Some((paused, self.pause.why.clone())),
            (_, spent) => spent.map(|spent| (spent, None)),
        }
    }

    /// By how many places the window shrinks, once a pause is over.
    fn weigh(&mut self) -> usize {
        match self.pause.wave.take() {
            Some(wave) if wave.throttled > wave.well => self.window.shrink(),
            _ => 0,
        }
    }
}

impl Permit<'_> {
    /// Notes that the store can't take the request now, and pauses all of them. Tells for how long.
    pub(super) fn throttled(&mut self, asked: Option<Duration>, why: &FetchError) -> Duration {
        let mut state = self.throttle.state();
        self.counts = false;
        let now = Instant::now();
        let pause = &mut state.pause;
        // Requests that were under way when the pause began say nothing new; only a longer wish counts.
        let known = pause.since.filter(|since| self.sent <= *since);
        let until = match (known, asked) {
            (Some(since), Some(asked)) => since + asked,
            (Some(since), None) => since,
            (None, asked) => {
                pause.streak += 1;
                pause.since = Some(now);
                pause.wave = Some(Wave::default());
                pause.why = Some(why.clone());
                now + asked.unwrap_or_else(|| back_off(pause.streak))
            }
        };
        pause.until = pause.until.max(Some(until));
        if let Some(wave) = &mut pause.wave {
            wave.throttled += 1;
        }
        pause.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Notes that the store answered as it should.
    pub(super) fn succeeded(&self) {
        let mut state = self.throttle.state();
        let pause = &mut state.pause;
        pause.streak = 0;
        if pause.since.is_some_and(|since| self.sent <= since)
            && let Some(wave) = &mut pause.wave
        {
            wave.well += 1;
        }
        if state.window.grows() {
            self.throttle.permits.add_permits(1);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.throttle.state();
        state.budget.done(self.counts);
        if state.window.owed > 0 {
            state.window.owed -= 1;
            if let Some(place) = self.place.take() {
                place.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(most: u16) -> Throttle {
        let rate = Rate { requests: 4_000, window: Duration::from_secs(10) };
        Throttle::new(NonZeroU16::new(most).expect("not zero"), Some(rate))
    }

    fn window(throttle: &Throttle) -> (usize, usize) {
        let state = throttle.state();
        (state.window.now, state.window.owed)
    }

    /// A wave of which so many are throttled, and so many aren't.
    async fn refuse(throttle: &Throttle, throttled: usize, well: usize) {
        let deadline = Instant::now() + Duration::from_secs(600);
        let mut wave = Vec::new();
        for _ in 0..throttled + well {
            wave.push(throttle.enter(deadline).await.expect("a place"));
        }
        for (index, permit) in wave.iter_mut().enumerate() {
            if index < throttled {
                permit.throttled(Some(Duration::from_secs(1)), &FetchError::Throttled);
            } else {
                permit.succeeded();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_vault_that_refuses_a_few_of_many_keeps_its_places() {
        let throttle = throttle(32);
        for _ in 0..10 {
            let begun = Instant::now();
            refuse(&throttle, 10, 22).await;
            drop(throttle.enter(begun + Duration::from_secs(600)).await.expect("a place"));
            assert_eq!((begun.elapsed().as_secs(), window(&throttle)), (1, (32, 0)));
        }
        refuse(&throttle, 17, 15).await;
        drop(throttle.enter(Instant::now() + Duration::from_secs(600)).await.expect("a place"));
        assert_eq!(window(&throttle), (16, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_vault_halves_and_grows_again() {
        let throttle = throttle(32);
        let deadline = Instant::now() + Duration::from_secs(600);
        let mut wave = Vec::new();
        for _ in 0..32 {
            wave.push(throttle.enter(deadline).await.expect("a place"));
        }
        for permit in &mut wave {
            permit.throttled(Some(Duration::from_secs(1)), &FetchError::Throttled);
        }
        drop(wave);
        let begun = Instant::now();
        drop(throttle.enter(deadline).await.expect("a place"));
        assert_eq!(begun.elapsed().as_secs(), 1);
        // One pause, one halving, however many say so.
        assert_eq!((window(&throttle), throttle.permits.available_permits()), ((16, 0), 16));
        for expected in [8, 8] {
            refuse(&throttle, 1, 0).await;
            drop(throttle.enter(deadline).await.expect("a place"));
            assert_eq!((window(&throttle), throttle.permits.available_permits()), ((expected, 0), expected));
        }
        for expected in 9..=32 {
            for _ in 0..expected - 1 {
                throttle.enter(deadline).await.expect("a place").succeeded();
            }
            assert_eq!((window(&throttle), throttle.permits.available_permits()), ((expected, 0), expected));
        }
        for _ in 0..100 {
            throttle.enter(deadline).await.expect("a place").succeeded();
        }
        assert_eq!(throttle.permits.available_permits(), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_stays_one() {
        let throttle = throttle(1);
        let deadline = Instant::now() + Duration::from_secs(600);
        for _ in 0..5 {
            let mut permit = throttle.enter(deadline).await.expect("a place");
            permit.throttled(None, &FetchError::Throttled);
        }
        drop(throttle.enter(deadline).await.expect("a place"));
        assert_eq!(throttle.permits.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_kept_in_any_window() {
        let throttle = throttle(32);
        let deadline = Instant::now() + Duration::from_secs(600);
        let mut sent = Vec::new();
        for index in 0..9_000_u32 {
            let permit = throttle.enter(deadline).await.expect("a place");
            sent.push(Instant::now());
            if index % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            drop(permit);
        }
        for (first, last) in sent.iter().zip(&sent[4_000..]) {
            assert!(*last - *first >= Duration::from_secs(10));
        }
        assert!(*sent.last().expect("many") - sent[0] < Duration::from_secs(26));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_beyond_the_deadline_is_an_error() {
        let throttle = throttle(4);
        throttle
            .enter(Instant::now() + Duration::from_secs(1))
            .await
            .expect("a place")
            .throttled(Some(Duration::from_secs(9)), &FetchError::Server(503));
        let late = throttle.enter(Instant::now() + Duration::from_secs(5)).await.err();
        assert_eq!(late, Some(Some(FetchError::Server(503))));
    }
}
