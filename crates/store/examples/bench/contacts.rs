//! Synthetic contacts, as the official client makes them: one service, two delegations.

use keystead_model::access::{Grant, Level};
use keystead_model::query::{Posting, ServiceVersion};
use keystead_store::documents::{Document, Projection};

pub(crate) const GROUP: &str = "5e1f9a3c-0000-4000-8000-00000000beef";
pub(crate) const CLASS: &str = "Contact";

/// Contacts of one patient, whatever the size of the store.
pub(crate) const OF_PATIENT: u64 = 50;

/// Reads everything.
pub(crate) const EVERYTHING: &str = "hcp-who-reads-everything";
/// Reads about 100 contacts, whatever the size of the store.
pub(crate) const FEW: &str = "hcp-who-reads-few";
/// Has a tag on about 100 contacts, whatever the size of the store.
pub(crate) const RARE: &str = "RARE/TAG";
/// On every contact.
pub(crate) const COMMON: &str = "IC-TEST/TEST";

const OPENING: &str = "contact.opening";
pub(crate) const BY_PATIENT: &str = "contact.opening-by-patient";
const SERVICE: &str = "contact.service";
const DATE: &str = "service.date";
const DATE_BY_PATIENT: &str = "service.date-by-patient";
pub(crate) const TAG: &str = "service.tag";

/// A number that looks random: SplitMix64.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn uuid(kind: u64, number: u64) -> String {
    let (high, low) = (mix(number.wrapping_mul(8).wrapping_add(kind)), mix(number ^ (kind << 56) ^ 0x5555));
    let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
    format!("{first:08x}-{second:04x}-4{third:03x}-8{:03x}-{:012x}", low >> 52, low & 0xffff_ffff_ffff)
}

pub(crate) fn id(number: u64) -> String {
    uuid(1, number)
}

/// The secret foreign key of a patient.
pub(crate) fn patient(number: u64) -> String {
    uuid(2, number)
}

/// The delegation key of a patient for its contacts.
pub(crate) fn delegation_key(patient: u64) -> String {
    format!("{:016x}{:016x}{:016x}{:016x}", mix(patient), mix(patient ^ 1 << 40), mix(patient ^ 2 << 40), mix(!patient))
}

/// An opening date `YYYYMMDDhhmmss` in the six years from 2020 on: contacts come in the order of time.
fn date(number: u64, size: u64) -> i64 {
    // Months of 28 days.
    let second = number * (6 * 12 * 28 * 86_400 / size) + mix(number) % 600;
    let (day, time) = (second / 86_400, second % 86_400);
    let date = 20_200_101 + day / 336 * 10_000 + day % 336 / 28 * 100 + day % 28;
    let time = time / 3_600 * 10_000 + time / 60 % 60 * 100 + time % 60;
    i64::try_from(date * 1_000_000 + time).unwrap_or(i64::MAX)
}

/// One contact of a store of `size`.
pub(crate) fn contact(number: u64, size: u64) -> (Document, Projection) {
    let (id, of, service) = (id(number), mix(number) % (size / OF_PATIENT).max(1), uuid(3, number));
    let date = Some(date(number, size));
    let mut postings = vec![
        Posting::new(OPENING, "").sorted(date),
        Posting::new(BY_PATIENT, patient(of)).sorted(date),
        Posting::new(SERVICE, service.as_str()),
        Posting::new(DATE, "").sorted(date).of_part(service.as_str()),
        Posting::new(DATE_BY_PATIENT, patient(of)).sorted(date).of_part(service.as_str()),
        Posting::new(TAG, "IC-TEST").sorted(date).of_part(service.as_str()),
        Posting::new(TAG, COMMON).sorted(date).of_part(service.as_str()),
    ];
    let mut grants = vec![
        Grant { key: EVERYTHING.to_owned(), level: Level::Write },
        Grant { key: delegation_key(of), level: Level::Write },
    ];
    if number.is_multiple_of((size / 100).max(1)) {
        grants.push(Grant { key: FEW.to_owned(), level: Level::Read });
        postings.push(Posting::new(TAG, RARE).sorted(date).of_part(service.as_str()));
    }
    let services = vec![ServiceVersion { service_id: service, version: 1, contact_modified: 1 }];
    let rev = format!("1-{:016x}", mix(number));
    let body = format!(r#"{{"id":"{id}","rev":"{rev}","encryptedSelf":"{}"}}"#, "QUJD".repeat(500));
    let document = Document { id, rev, deleted: false, body, created_by: None };
    (document, Projection { postings, grants, services, unique: Vec::new() })
}
