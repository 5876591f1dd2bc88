//! What the server fills in when an entity is created without it (wire 1.5).

use http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use keystead_model::Object;
use keystead_model::access::DataOwnerType;
use keystead_model::class::Class;
use serde_json::Value;

use crate::app::App;
use crate::auth::Session;

/// Fills in the absent timestamps, ids and, for callers that are not anonymous, the author.
pub(super) fn fill(app: &App, session: &Session, headers: &HeaderMap, class: &Class, object: &mut Object) {
    let now = app.now();
    let author =
        names_author(session, headers).then(|| (session.account.user.clone(), session.data_owner().map(str::to_owned)));
    for key in ["created", "modified"] {
        if class.name != "SecureDelegationKeyMap" {
            set(object, key, now);
        }
    }
    if let Some((user, owner)) = author.filter(|_| class.name != "SecureDelegationKeyMap") {
        set(object, "author", user);
        if let Some(owner) = owner {
            set(object, "responsible", owner);
        }
    }
    match class.name {
        "Contact" => {
            set(object, "groupId", app.rng.uuid());
            set(object, "openingDate", fuzzy(now));
            services(object, now);
        }
        "HealthElement" => {
            set(object, "valueDate", fuzzy(now));
            set(object, "openingDate", fuzzy(now));
        }
        _ => {}
    }
}

/// Whether the caller's name may be written into what it creates: a healthcare party's by default,
/// a patient's or device's not. The header of older clients decides otherwise.
fn names_author(session: &Session, headers: &HeaderMap) -> bool {
    let anonymous = headers.get("icure-request-autofix-anonymity").and_then(|value| value.to_str().ok());
    match anonymous {
        Some("true") => false,
        Some("false") => true,
        _ => session.owner_type() == Some(DataOwnerType::Hcp),
    }
}

fn services(contact: &mut Object, now: i64) {
    let Some(Value::Array(services)) = contact.get_mut("services") else { return };
    let highest = services.iter().filter_map(|service| service.get("index")?.as_i64()).max();
    let mut next = highest.map_or(0, |highest| highest.saturating_add(1));
    for service in services.iter_mut().filter_map(Value::as_object_mut) {
        set(service, "created", now);
        set(service, "modified", now);
        if !service.contains_key("endOfLife") {
            set(service, "valueDate", fuzzy(now));
            set(service, "openingDate", fuzzy(now));
        }
        if !service.contains_key("index") {
            set(service, "index", next);
            next = next.saturating_add(1);
        }
    }
}

fn set(object: &mut Object, key: &str, value: impl Into<Value>) {
    if !object.contains_key(key) {
        object.insert(key.to_owned(), value.into());
    }
}

/// The fuzzy date `YYYYMMDDhhmmss` of an instant, in UTC.
pub(super) fn fuzzy(now: i64) -> i64 {
    let Ok(instant) = Timestamp::from_millisecond(now) else { return 0 };
    let civil = instant.to_zoned(TimeZone::UTC).datetime();
    let date = (i64::from(civil.year()) * 100 + i64::from(civil.month())) * 100 + i64::from(civil.day());
    let time = (i64::from(civil.hour()) * 100 + i64::from(civil.minute())) * 100 + i64::from(civil.second());
    date * 1_000_000 + time
}

#[cfg(test)]
mod tests {
    use super::fuzzy;

    #[test]
    fn writes_an_instant_as_a_fuzzy_date() {
        assert_eq!(fuzzy(1_795_209_478_348), 20_261_120_211_758);
        assert_eq!(fuzzy(0), 19_700_101_000_000);
    }
}
