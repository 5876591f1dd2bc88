//! User: an account that logs in, usually on behalf of a data owner.

use crate::Object;
use crate::class::{Class, no_services};
use crate::entity::index::{self, Postings, text};
use crate::entity::text::{address, entries, phone, telecom};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, all, by_ids};
use crate::query::{Posting, Query, Selection};

const DEVICE: &str = "user.device";
const EMAIL: &str = "user.email";
const HEALTHCARE_PARTY: &str = "user.healthcare-party";
const LOGIN: &str = "user.login";
const PATIENT: &str = "user.patient";
const PHONE: &str = "user.phone";
const SEARCH: &str = "user.search";

/// The class of User documents.
pub static CLASS: Class = Class {
    name: "User",
    path: "user",
    encryptable: false,
    postings,
    services: no_services,
    unique,
    filters: &[
        FilterDef { name: "AllUsersFilter", compile: all },
        FilterDef { name: "UserByIdsFilter", compile: by_ids },
        FilterDef {
            name: "UserByHealthcarePartyIdFilter",
            compile: |a| Ok(Selection::unordered(of_healthcare_party(a.text("healthcarePartyId")?))),
        },
        FilterDef { name: "UserByNameEmailPhoneFilter", compile: by_search },
        FilterDef {
            name: "UsersByPatientIdFilter",
            compile: |a| Ok(Selection::unordered(of_patient(a.text("patientId")?))),
        },
    ],
    by_patient: None,
};

/// Users who are the healthcare party `id` (`GET user/byHealthcarePartyId/{id}`).
pub fn of_healthcare_party(id: &str) -> Query {
    index::any_of(HEALTHCARE_PARTY, [id])
}

/// Users who are the patient `id` (`GET user/byPatientId/{id}`).
pub fn of_patient(id: &str) -> Query {
    index::any_of(PATIENT, [id])
}

/// Users who are the device `id`.
pub fn of_device(id: &str) -> Query {
    index::any_of(DEVICE, [id])
}

/// The user with the login `login`, whatever its case.
pub fn with_login(login: &str) -> Query {
    index::any_of(LOGIN, [address(login)])
}

/// The user with the e-mail address `email`, whatever its case (`GET user/byEmail/{email}`).
pub fn with_email(email: &str) -> Query {
    index::any_of(EMAIL, [address(email)])
}

/// The user with the phone number `number`, whatever its punctuation (`GET user/byPhoneNumber/{n}`).
pub fn with_phone(number: &str) -> Query {
    index::any_of(PHONE, [phone(number)])
}

/// Values that no two users of a group share (wire 6.4): `login:…`, `email:…` and `phone:…`,
/// each as it is compared.
fn unique(user: &Object) -> Vec<String> {
    let key = |kind: &str, value: Option<String>| value.map(|value| format!("{kind}:{value}"));
    let [login, email, phone] = contacts(user);
    [key("login", login), key("email", email), key("phone", phone)].into_iter().flatten().collect()
}

/// Login, e-mail address and phone number as they are compared.
fn contacts(user: &Object) -> [Option<String>; 3] {
    let filled = |key| text(user, key).filter(|value| !value.trim().is_empty());
    [filled("login").map(address), filled("email").map(address), filled("mobilePhone").map(phone)]
}

fn postings(user: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.term(HEALTHCARE_PARTY, text(user, "healthcarePartyId"));
    postings.term(PATIENT, text(user, "patientId"));
    postings.term(DEVICE, text(user, "deviceId"));
    let [login, email, phone] = contacts(user);
    postings.term(LOGIN, login.as_deref());
    postings.term(EMAIL, email.as_deref());
    postings.term(PHONE, phone.as_deref());
    for key in ["name", "login", "email"] {
        postings.entries(SEARCH, entries(text(user, key).unwrap_or_default(), ""));
    }
    postings.entries(SEARCH, vec![index::start(&telecom(phone.as_deref().unwrap_or_default()))]);
    postings.finish()
}

/// A word of name, login, e-mail address or phone number that starts like the search.
fn by_search(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let search = arguments.text("searchString")?;
    let words = index::search(SEARCH, search);
    let number = telecom(search);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| Query::Prefix { index: SEARCH, prefix: index::start(&number) });
    Ok(Selection::unordered(match (number, words) {
        (Some(number), _) => number,
        (None, Some(words)) => words,
        (None, None) => Query::All,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_user() {
        let user = json!({
            "id": "u", "name": "Ann Lee", "login": "Ann@X.org", "email": "Ann@X.org", "mobilePhone": "0032 475-12",
            "healthcarePartyId": "h", "patientId": "p", "groupId": "g",
        });
        assert_eq!(
            postings(&CLASS, &user),
            [
                "user.email ann@x.org",
                "user.healthcare-party h",
                "user.login ann@x.org",
                "user.patient p",
                "user.phone +3247512",
                "user.search 3247512",
                "user.search annlee",
                "user.search annxorg",
                "user.search lee",
                "user.search org",
                "user.search xorg",
            ]
        );
        let unique = (CLASS.unique)(user.as_object().unwrap());
        assert_eq!(unique, ["login:ann@x.org", "email:ann@x.org", "phone:+3247512"]);
    }

    #[test]
    fn what_is_blank_is_not_unique() {
        let user = json!({"id": "u", "login": " ", "email": null});
        assert!((CLASS.unique)(user.as_object().unwrap()).is_empty());
        assert!(postings(&CLASS, &user).is_empty());
    }

    #[test]
    fn filters_on_users() {
        check(
            &CLASS,
            &[
                ("AllUsersFilter", json!({}), "all"),
                ("UserByIdsFilter", json!({"ids": ["u"]}), "ids(u)"),
                ("UserByHealthcarePartyIdFilter", json!({"healthcarePartyId": "h"}), "user.healthcare-party=h"),
                ("UsersByPatientIdFilter", json!({"patientId": "p"}), "user.patient=p"),
                ("UsersByPatientIdFilter", json!({}), "! patientId: expected a string"),
                ("UserByNameEmailPhoneFilter", json!({"searchString": "+32 475"}), "user.search~32475"),
                ("UserByNameEmailPhoneFilter", json!({"searchString": "ann"}), "user.search~ann"),
                (
                    "UserByNameEmailPhoneFilter",
                    json!({"searchString": "ann@x"}),
                    "(user.search~annx + (user.search~ann & user.search~x))",
                ),
                ("UserByNameEmailPhoneFilter", json!({"searchString": ""}), "all"),
            ],
        );
    }

    #[test]
    fn lookups_of_users() {
        assert_eq!(show(&with_login(" ANN ")), "user.login=ann");
        assert_eq!(show(&with_email("Ann@X.org")), "user.email=ann@x.org");
        assert_eq!(show(&with_phone("+32 475")), "user.phone=+32475");
    }
}
