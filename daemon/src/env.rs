//! What services take as parameters instead of asking the machine: time and randomness.

use std::sync::Arc;

/// Clock and randomness of the services; tests give their own.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    random: Arc<dyn Fn() -> u64 + Send + Sync>,
    zone: jiff::tz::TimeZone,
}

impl Env {
    /// The machine's clock and randomness, in a time zone.
    #[must_use]
    pub fn system(zone: jiff::tz::TimeZone) -> Self {
        Self {
            clock: Arc::new(jiff::Timestamp::now),
            random: Arc::new(|| {
                let mut bytes = [0u8; 8];
                // Without randomness the clock still spreads trials; nothing secret is made from it.
                match getrandom::fill(&mut bytes) {
                    Ok(()) => u64::from_le_bytes(bytes),
                    Err(_) => jiff::Timestamp::now().as_nanosecond().unsigned_abs() as u64,
                }
            }),
            zone,
        }
    }

    /// A clock and randomness of one's own.
    #[must_use]
    pub fn with(
        zone: jiff::tz::TimeZone,
        clock: impl Fn() -> jiff::Timestamp + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), random: Arc::new(random), zone }
    }

    /// Now, to the millisecond (what the database keeps).
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        let now = (self.clock)();
        jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A random number.
    #[must_use]
    pub fn random(&self) -> u64 {
        (self.random)()
    }

    /// A random number below `bound` (0 when `bound` is 0).
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        self.random().checked_rem(bound).unwrap_or(0)
    }

    /// The laboratory's time zone.
    #[must_use]
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.zone
    }

    /// Today in the laboratory's time zone.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        self.zone.to_datetime(self.now()).date()
    }
}
