//! What the state says in words: line 1, line 2, the announcement line, instants as people read them.

use jiff::Timestamp;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::status::ServiceState;

use super::screen::Screen;
use super::{Level, State};
use crate::client::{Failure, Link};
use crate::messages as m;
use crate::theme::Role;

impl State {
    /// Training or test system.
    pub fn is_school(&self) -> bool {
        self.hello.as_ref().map_or(self.school, |h| h.training)
    }

    /// Person with profile, and the person alone.
    pub fn who(&self) -> (String, String) {
        self.hello.as_ref().map_or_else(Default::default, |h| {
            (format!("{}, {}", h.user.name, h.user.profile), h.user.name.clone())
        })
    }

    /// Laboratory and site.
    pub fn place(&self) -> String {
        self.hello.as_ref().map_or_else(String::new, |h| match h.laboratory.site.as_str() {
            "" => h.laboratory.name.clone(),
            site => format!("{} · {site}", h.laboratory.name),
        })
    }

    /// Services in words: name, word, role.
    pub fn service_words(&self) -> Vec<(String, String, Role)> {
        match &self.link {
            Link::Connecting => return vec![(String::new(), m::CONNECTING.to_owned(), Role::StatusWait)],
            Link::Down(why) => {
                let word = match why {
                    Failure::Absent => m::DAEMON_ABSENT.to_owned(),
                    other => other.to_string(),
                };
                return vec![(String::new(), word, Role::StatusAlert)];
            }
            Link::Up(_) => {}
        }
        self.services
            .iter()
            .map(|s| {
                let role = match s.state {
                    ServiceState::Ok => Role::StatusOk,
                    ServiceState::Slow | ServiceState::Paused => Role::StatusHold,
                    ServiceState::Down | ServiceState::Suspended => Role::StatusAlert,
                    ServiceState::Off => Role::StatusOff,
                };
                let mut word = s.state.label().to_owned();
                if let (Some(since), false) = (s.since, s.state == ServiceState::Off) {
                    word = format!("{word} {}", m::since(&self.moment(since)));
                }
                (s.service.label().to_owned(), word, role)
            })
            .collect()
    }

    /// Work lists that are not empty, those of the person's work first.
    pub fn work_lists(&self) -> Vec<(&'static str, u64)> {
        let w = &self.worklists;
        let validator = self.may(Right::ValidateTechnical) || self.may(Right::ValidateBiological);
        let mut lists = Vec::new();
        if validator {
            lists.extend([(m::LIST_URGENT, w.to_validate_urgent), (m::LIST_VALIDATE, w.to_validate)]);
        }
        if self.may(Right::CallInsi) {
            lists.push((m::LIST_INSI, w.insi));
        }
        lists.push((m::LIST_PARKED, w.orders_parked));
        lists.push((m::LIST_INBOX, w.inbox));
        lists.retain(|(_, n)| *n > 0);
        lists
    }

    /// The announcement line: what just happened, else what this screen expects.
    pub fn announcement(&self) -> (Level, String) {
        if let Some((level, text)) = &self.notice {
            return (*level, text.clone());
        }
        m::hint(self)
    }

    // ---- instants as people read them ------------------------------------------------------

    /// `09:12` today, `hier`, else `02/11`.
    pub fn moment(&self, at: Timestamp) -> String {
        let when = at.to_zoned(self.zone.clone());
        let date = when.date();
        if date == self.today {
            when.strftime("%H:%M").to_string()
        } else if self.today.yesterday().is_ok_and(|y| y == date) {
            m::YESTERDAY.to_owned()
        } else if date.year() == self.today.year() {
            when.strftime("%d/%m").to_string()
        } else {
            when.strftime("%d/%m/%Y").to_string()
        }
    }

    /// `02/11/2026 09:12:31`.
    pub fn instant(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// `02/11/2026`.
    pub fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d/%m/%Y").to_string()
    }

    // ---- restricted display ----------------------------------------------------------------

    /// A name, or its initials while the display is restricted.
    pub fn name(&self, name: &str) -> String {
        if !self.restricted {
            return name.to_owned();
        }
        let initials = name.split([' ', '-', '\'']).filter_map(|w| w.chars().next());
        initials.map(|c| format!("{c}.")).collect::<Vec<_>>().join(" ")
    }

    /// A date of birth, or its year while the display is restricted.
    pub fn born(&self, iso: &str) -> String {
        if self.restricted { iso.chars().take(4).collect() } else { french_date(iso) }
    }

    /// A fact that identifies, or the word that stands for it while the display is restricted.
    pub fn fact(&self, fact: &str) -> String {
        if self.restricted { m::MASKED.to_owned() } else { fact.to_owned() }
    }

    /// Whether leaving now would lose typed work.
    pub fn has_unsaved_work(&self) -> bool {
        self.draft.is_some()
            || self.screens.iter().any(|s| match s {
                Screen::Form(f) if f.editing.is_some() => f.changed(0..super::screen::FORM_FIELDS),
                Screen::Form(f) => !f.is_blank(),
                Screen::NewDossier(n) => !n.exams.is_empty(),
                Screen::Dossier(d) => d.edit.is_some(),
                _ => false,
            })
    }
}

/// `1980-03-12` as `12/03/1980`; anything else unchanged.
pub fn french_date(iso: &str) -> String {
    let mut parts = iso.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d), None) if y.len() == 4 => format!("{d}/{m}/{y}"),
        _ => iso.to_owned(),
    }
}
