//! Writes the corpora from the frozen vectors and from requests that mean something.

mod portal;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::{Curve, MpcError, Party, Session, SessionParams, WalletId, back_up, keygen};
use serde_json::{Value, json};

use crate::replay::folder;

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Seeds by target and name.
#[derive(Default)]
struct Seeds(BTreeMap<(&'static str, String), Vec<u8>>);

impl Seeds {
    fn add(&mut self, target: &'static str, name: impl Into<String>, data: impl AsRef<[u8]>) {
        self.0.insert((target, name.into()), data.as_ref().to_vec());
    }

    fn json(&mut self, target: &'static str, name: &str, value: &Value) {
        self.add(target, name, value.to_string());
    }

    fn classed(&mut self, target: &'static str, class: &str, name: &str, value: &Value) {
        self.add(target, format!("{class}-{name}"), format!("{class}\n{value}"));
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Run by hand: `cargo test -p keystead-fuzzing -- --ignored write_seeds`. What libFuzzer found and is worth
/// keeping lies beside these under other names.
#[test]
#[ignore = "writes fuzz/corpus"]
fn write_seeds() {
    let mut seeds = Seeds::default();
    model(&mut seeds);
    crypto(&mut seeds);
    mpc(&mut seeds);
    server(&mut seeds);
    portal::keys(&mut seeds);
    sdk(&mut seeds);
    for ((target, name), data) in seeds.0 {
        let folder = folder().join("corpus").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), data).unwrap();
    }
}

fn delegation() -> Value {
    json!({"secureDelegations": {"d".repeat(64): {
        "delegator": "me", "delegate": "me", "exchangeDataId": "x", "permissions": "WRITE",
        "secretIds": ["YWJj"], "encryptionKeys": ["YWJj"], "owningEntityIds": [], "parentDelegations": [],
    }}})
}

fn model(seeds: &mut Seeds) {
    let bodies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/src/schema/samples");
    for file in ["official.json", "annex_b.json"] {
        let samples: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(bodies.join(file)).unwrap()).unwrap();
        for sample in samples {
            let class = sample["class"].as_str().unwrap();
            seeds.classed("model_schema", class, &file.replace(".json", ""), &sample["body"]);
        }
    }
    seeds.classed(
        "model_schema",
        "Patient",
        "plain",
        &json!({
            "id": "p", "firstName": "Sansa", "lastName": "Stark", "dateOfBirth": 19900101, "active": true,
            "addresses": [{"addressType": "home", "telecoms": [{"telecomType": "email", "telecomNumber": "a@b.c"}]}],
            "identifier": [{"system": "s", "value": "v"}], "securityMetadata": delegation(), "tags": [{"id": "a|b|1"}],
        }),
    );
    let patient = json!({"$type": "PatientByHealthcarePartyFilter", "healthcarePartyId": "me"});
    seeds.classed("model_filter", "Patient", "chain", &json!({"filter": patient, "predicate": null}));
    seeds.classed("model_filter", "Patient", "tree", &json!({"$type": "UnionFilter", "filters": [
        {"$type": "IntersectionFilter", "filters": [patient, {"$type": "PatientByIdsFilter", "ids": ["a", "b"]}]},
        {"$type": "ComplementFilter", "superSet": {"$type": "AllPatientsFilter"}, "subSet": patient},
        {"$type": "PatientByHealthcarePartyDateOfBirthBetweenFilter", "healthcarePartyId": "me",
            "minDateOfBirth": 19000101, "maxDateOfBirth": 20260101},
        {"$type": "PatientByHealthcarePartyNameContainsFuzzyFilter", "healthcarePartyId": "me", "searchString": "sta"},
    ]}));
    for class in keystead_model::class::ALL {
        let parts: Vec<Value> = class
            .filters
            .iter()
            .map(|filter| {
                json!({
                    "$type": filter.name, "ids": ["a"], "healthcarePartyId": "me", "dataOwnerId": "me",
                    "patientSecretForeignKeys": ["k"], "secretForeignKeys": ["k"], "patientSecretFks": ["k"],
                    "startDate": 20200101, "endDate": 20301231235959_i64, "codeType": "t", "codeCode": "c",
                    "tagType": "t", "tagCode": "c", "descending": true, "from": 1, "to": 2, "start": 1, "end": 2,
                    "identifiers": [{"system": "s", "value": "v"}], "guids": ["g"], "guid": "g", "name": "n",
                    "status": 3, "date": 1, "type": "t", "searchString": "s", "parentId": "p", "transportGuid": "g",
                })
            })
            .collect();
        seeds.classed("model_filter", class.name, "every", &json!({"$type": "UnionFilter", "filters": parts}));
    }
    seeds.add(
        "model_access",
        "keys",
        "AAECAwQFBgcICQoLDA0ODw==\nAAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=, AAECAwQFBgcICQoLDA0ODw==",
    );
    seeds.add("model_access", "hex", "000102030405060708090a0b0c0d0e0f");
    seeds.json("model_access", "metadata", &json!({"id": "e", "securityMetadata": delegation()}));
    for (name, id) in [("own", "me"), ("foreign", "other")] {
        let owner = json!({
            "id": id, "publicKey": "30aa", "hcPartyKeys": {"me": ["aa", "bb"]},
            "aesExchangeKeys": {"30aa": {"me": {"fp": "aa"}}, "30bb": {"other": {"fp": "bb"}}},
            "publicKeysForOaepWithSha256": ["30bb"], "transferKeys": {"a": {"b": "c"}},
            "privateKeyShamirPartitions": {"me": "aa"}, "firstName": "n",
        });
        let mut after = owner.clone();
        after["aesExchangeKeys"]["30aa"]["me"]["fp2"] = json!("cc");
        seeds.json("model_access", &format!("stub-{name}"), &json!({"stored": owner, "submitted": after}));
    }
    let share = json!({
        "explicitDelegator": "me", "explicitDelegate": "bob", "accessControlKeys": [], "exchangeDataId": "y",
        "requestedPermissions": "MAX_WRITE", "secretIds": ["YWJj"], "encryptionKeys": ["YWJj"], "owningEntityIds": [],
        "encryptedExchangeDataId": {}, "accessControlHashes": ["e".repeat(64)],
    });
    let update =
        json!({"secretIds": {"YWJj": "DELETE", "eHl6": "CREATE"}, "encryptionKeys": {}, "owningEntityIds": {}});
    for (name, request) in [("share", json!({"share": share})), ("update", json!({"update": update}))] {
        seeds.json("model_share", name, &json!({
            "entity": {"id": "e", "securityMetadata": delegation()},
            "request": {"requestsByEntityId": {"e": {"requests": {"r": request}, "potentialParentDelegations": ["d".repeat(64)]}}},
        }));
    }
    seeds.add("model_text", "rev", "41-07070707070707070707070707070707");
    seeds.add("model_text", "day", "20230328");
    seeds.add("model_text", "instant", "20230328100113");
    seeds.add("model_text", "names", "Patient\nREAD\nWRITE");
}

fn crypto(seeds: &mut Seeds) {
    let (official, own) = (vectors("cardinal"), vectors("keystead"));
    let pkcs8 = official["testKeys"]["A"]["pkcs8Hex"].as_str().unwrap();
    let key = keystead_crypto::key::PrivateKey::from_pkcs8(&hex::decode(pkcs8).unwrap()).ok().unwrap();
    let spki = key.public().to_spki_hex();
    seeds.add("crypto_keys", "pkcs8", hex::decode(pkcs8).unwrap());
    seeds.add("crypto_keys", "spki", hex::decode(&spki).unwrap());
    seeds.add("crypto_keys", "spki-hex", &spki);
    seeds.add("crypto_keys", "fingerprint-v1", &spki[spki.len() - 32..]);
    seeds.add("crypto_keys", "fingerprint-v2", &spki[spki.len() - 32..spki.len() - 10]);
    seeds.add("crypto_keys", "stored", keystead_crypto::key::import::expose_private_key(&key).as_bytes());
    seeds.json("crypto_keys", "cache", &json!({&spki[spki.len() - 32..]: true}));
    seeds.json("crypto_keys", "sealed", &json!({"encrypted": "AAAA", "hash": "AAAA"}));
    seeds.json(
        "crypto_keys",
        "jwk",
        &json!({"privateKey": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB",
        "p": "AQAB", "q": "AQAB", "dp": "AQAB", "dq": "AQAB", "qi": "AQAB"}, "publicKey": {"n": "AQAB", "e": "AQAB"}}),
    );
    for name in ["pins_v1", "phrase_v1", "keyClaim_v1"] {
        seeds.add("crypto_keys", name, own[name].as_str().unwrap());
    }
    let mut owner = json!({
        "id": "ada", "publicKey": spki, "publicKeysForOaepWithSha256": [spki], "hcPartyKeys": {"bob": ["aa", "bb"]},
        "aesExchangeKeys": {&spki: {"bob": {&spki[spki.len() - 32..]: "aabb"}}},
        "transferKeys": {&spki[spki.len() - 32..]: {&spki[spki.len() - 32..]: own["transferKey_v1"]}},
    });
    seeds.json("crypto_keys", "owner", &owner);
    owner["encryptionKeys"] = json!({"bob": [{"owner": "ada", "key": "aabb"}]});
    owner["delegations"] = json!({"bob": [{"owner": "ada", "delegatedTo": "bob", "key": "aabb", "tags": []}]});
    seeds.json("crypto_exchange", "owner", &owner);
    seeds.json("crypto_exchange", "legacy", &official["legacyGeneration"]);
    seeds.json("crypto_exchange", "exchangeData_v1", &own["exchangeData_v1"]);
    seeds.json("crypto_exchange", "official", &official["exchangeData_RC7"]);
    seeds.json(
        "crypto_exchange",
        "official-item",
        official["exchangeData_RC7"].as_object().unwrap().values().find(|v| v.is_object()).unwrap_or(&Value::Null),
    );
    seeds.json(
        "crypto_exchange",
        "map",
        &json!({"id": "d".repeat(64), "encryptedExchangeDataIds": {&spki[spki.len() - 32..]: "AAAA"}}),
    );
    seeds.classed("crypto_entity", "Contact", "v1", &own["entity_v1"]);
    seeds.classed("crypto_entity", "Contact", "keyMap", &own["keyMap_v1"]);
    seeds.classed(
        "crypto_entity",
        "Contact",
        "clear",
        &json!({"id": "contact-1", "descr": "visit", "services": [
        {"id": "s1", "content": {"en": {"measureValue": {"value": 71.5}}}, "encryptedSelf": null},
        {"id": "s2", "content": {"en": {"compoundValue": [{"id": "s3", "content": {"en": {"stringValue": "é"}}}]}}},
    ], "securityMetadata": delegation()}),
    );
    seeds.classed(
        "crypto_entity",
        "Patient",
        "clear",
        &json!({
            "id": "p", "note": "n", "firstName": "f", "insurabilities": [{"parameters": {"a": "b"}}],
            "addresses": [{"notes": [{"id": "n", "markdown": {"en": "m"}}]}], "notes": [{"markdown": {"en": "m"}}],
        }),
    );
    seeds.add("crypto_entity", "attachment", [b"Document\n", &decoded(&own["attachment_v1"])[..]].concat());
    for name in ["identityCertificate_v1", "succession_v1", "approval_v1"] {
        seeds.add("crypto_identity", name, decoded(&own[name]));
    }
    seeds.json("crypto_identity", "keyUpdate_v1", &own["keyUpdate_v1"]);
    for name in ["recoveryKeyPairs_v1", "recoveryExchangeSecrets_v1"] {
        seeds.json("crypto_recovery", name, &own[name]);
    }
    seeds.json("crypto_recovery", "official", &official["recoveryData"]["items"][0]["recoveryData"]);
    seeds.add("crypto_recovery", "passphrase", own["recoveryPassphrase_v1"].as_str().unwrap());
    seeds.add("crypto_recovery", "envelopeKey_v1", decoded(&own["envelopeKey_v1"]));
    let mut cheap = decoded(&own["envelopePassphrase_v1"]);
    cheap[2..10].copy_from_slice(&[0, 0, 0, 8, 0, 0, 0, 1]);
    seeds.add("crypto_recovery", "envelopePassphrase-cheap", cheap);
    let shares: Vec<Vec<u8>> = own["keyShares_v1"].as_array().unwrap().iter().map(decoded).collect();
    seeds.add("crypto_recovery", "keyShare_v1", &shares[0]);
    seeds.add("crypto_recovery", "keyShares_v1", shares[..2].join(&b"\n---\n"[..]));
}

/// A pair, from both sides.
fn pair<T: Send + 'static>(make: impl Fn(usize, &SessionParams) -> Result<Session<T>, MpcError>) -> [T; 2] {
    let params = |party| SessionParams {
        party,
        wallet: WalletId([7; 16]),
        target_generation: 1,
        client_nonce: [1; 32],
        server_nonce: [2; 32],
    };
    let mut client = make(0, &params(Party::Client)).unwrap();
    let mut server = make(1, &params(Party::Server)).unwrap();
    server.start().unwrap();
    let (mut of_client, mut of_server, mut next) = (None, None, client.start().unwrap());
    while let Some(up) = next.take() {
        let step = server.handle(&up).unwrap();
        of_server = step.outcome.or(of_server);
        if let Some(down) = step.message {
            let step = client.handle(&down).unwrap();
            (of_client, next) = (step.outcome.or(of_client), step.message);
        }
    }
    [of_client.unwrap(), of_server.unwrap()]
}

fn mpc(seeds: &mut Seeds) {
    for (name, curve) in [("ed25519", Curve::Ed25519), ("secp256k1", Curve::Secp256k1)] {
        let signing = pair(|_, params| keygen(params, curve));
        let backup = pair(|at, params| back_up(params, &signing[at]));
        let commitments = signing[0].commitments();
        seeds.add("mpc_halves", format!("signing-{name}"), signing[0].to_bytes());
        seeds.add("mpc_halves", format!("backup-{name}"), backup[1].to_bytes());
        seeds.add("mpc_halves", format!("commitments-{name}"), commitments.to_bytes());
        seeds.add("mpc_addresses", format!("key-{name}"), commitments.public_key());
        seeds.add(
            "mpc_addresses",
            format!("path-{name}"),
            [&[0, 0, 0, 1, 0, 0, 0, 2][..], &commitments.to_bytes()].concat(),
        );
    }
    for operation in 0..8_u8 {
        // one octet of the first messages, and messages that are too short
        seeds.add("mpc_messages", format!("flip-{operation}"), [operation, operation % 3, 0, 40, 2, 1]);
        seeds.add("mpc_messages", format!("cut-{operation}"), [operation, 1, 0, 9, 1]);
    }
    seeds.add("mpc_messages", "honest", [0, 11, 0, 0, 0]);
    for at in 0..6_u8 {
        // a flipped octet, a cut between two pieces, and frames in another order
        seeds.add("mpc_channel", format!("flip-{at}"), [at, 0, 0, 40, 2, 1]);
        seeds.add("mpc_channel", format!("cut-{at}"), [at, 0, 255, 255, 1]);
        seeds.add("mpc_channel", format!("order-{at}"), [at, 0, 0, at.wrapping_add(1), (at % 3 + 1) << 2]);
    }
    seeds.add("mpc_channel", "honest", [5, 0, 0, 0, 3]);
}

fn server(seeds: &mut Seeds) {
    // every endpoint once
    let mut requests = Vec::new();
    for route in keystead_server::routes() {
        let filled: Vec<&str> = route
            .path
            .split('/')
            .map(|part| match part {
                "{userId}" => "{user}",
                "{groupId}" => "{group}",
                part if part.starts_with('{') => "{owner}",
                part => part,
            })
            .collect();
        let query = if route.query.is_empty() { String::new() } else { format!("?{}=1", route.query.join("=1&")) };
        requests.push(format!("{} {}{query}\n\n{{}}", route.method, filled.join("/")));
    }
    for (number, requests) in requests.chunks(8).enumerate() {
        seeds.add("server_router", format!("routes-{number:02}"), requests.join("\n---\n"));
    }
    let patient = |id: &str| {
        let mut metadata = delegation().to_string().replace("\"me\"", "\"{owner}\"");
        metadata.insert_str(0, &format!("{{\"id\":\"{id}\",\"firstName\":\"Sansa\",\"securityMetadata\":"));
        metadata + "}"
    };
    let filter = json!({"$type": "PatientByHealthcarePartyFilter", "healthcarePartyId": "{owner}"});
    let requests = [
        ("patient", vec![
            format!("POST /rest/v2/patient\n\n{}", patient("p1")),
            "GET /rest/v2/patient/p1\n\n".to_owned(),
            format!("POST /rest/v2/patient/filter?limit=2\n\n{}", json!({"filter": filter})),
            "DELETE /rest/v2/patient/p1\n\n".to_owned(),
        ]),
        ("batch", vec![
            format!("POST /rest/v2/patient/batch\n\n[{},{}]", patient("p2"), patient("p3")),
            "POST /rest/v2/patient/byIds\n\n{\"ids\":[\"p2\",\"p3\",\"p2\"]}".to_owned(),
            format!("POST /rest/v2/patient/match\n\n{filter}"),
            "POST /rest/v2/patient/delete/batch\n\n{\"ids\":[\"p2\",\"p3\"]}".to_owned(),
        ]),
        ("share", vec![
            format!("POST /rest/v2/patient\n\n{}", patient("p4")),
            "PUT /rest/v2/patient/bulkSharedMetadataUpdate\n\n{\"requestsByEntityId\":{\"p4\":{\"requests\":{\"r\":{\"update\":{\"secretIds\":{\"eHl6\":\"CREATE\"},\"encryptionKeys\":{},\"owningEntityIds\":{}}}},\"potentialParentDelegations\":[]}}}".to_owned(),
        ]),
        ("attachment", vec![
            format!("POST /rest/v2/document\n\n{}", patient("d1").replace(",\"firstName\":\"Sansa\"", "")),
            "PUT /rest/v2/document/d1/attachment?rev=1&utis=public.text\nContent-Type: application/octet-stream\n\nabc".to_owned(),
            "GET /rest/v2/document/d1/attachment/x\n\n".to_owned(),
        ]),
        ("login", vec![
            "POST /rest/v2/auth/login\nAuthorization: none\n\n{\"username\":\"x\",\"password\":\"y\"}".to_owned(),
            "POST /rest/v2/auth/refresh\nAuthorization: none\n\n".to_owned(),
            "GET /rest/v2/user/current\nAuthorization: Basic eDp5\n\n".to_owned(),
            "GET /rest/v1/user/current\nAuthorization: Bearer a.b.c\n\n".to_owned(),
        ]),
        ("user", vec![
            "GET /rest/v2/user/{user}\n\n".to_owned(),
            "POST /rest/v2/user\n\n{\"id\":\"u1\",\"login\":\"sam\",\"passwordHash\":\"password\",\"healthcarePartyId\":\"{owner}\"}".to_owned(),
            "POST /rest/v2/user/token/{user}/app?tokenValidity=60\n\n".to_owned(),
            "GET /rest/v2/dataowner/current\nIcure-Access-Control-Keys: AAECAwQFBgcICQoLDA0ODw==\n\n".to_owned(),
        ]),
        ("exchange", vec![
            "POST /rest/v2/exchangedata\n\n{\"id\":\"x1\",\"delegator\":\"{owner}\",\"delegate\":\"{owner}\",\"exchangeKey\":{},\"accessControlSecret\":{},\"sharedSignatureKey\":{},\"delegatorSignature\":{},\"sharedSignature\":\"\"}".to_owned(),
            "GET /rest/v2/exchangedata/byParticipant/{owner}?limit=1\n\n".to_owned(),
            "GET /rest/v2/exchangedata/byDelegatorDelegate/{owner}/{owner}\n\n".to_owned(),
        ]),
        ("odd", vec![
            "OPTIONS /rest/v2/patient\nOrigin: http://x\nAccess-Control-Request-Method: POST\n\n".to_owned(),
            "HEAD /health\n\n".to_owned(),
            "TRACE /%ff/..//?a=%ff&a=1\n\n".to_owned(),
            "GET /ws/v2/notification/subscribe?jwt=x\nUpgrade: websocket\nConnection: Upgrade\n\n".to_owned(),
        ]),
    ];
    for (name, requests) in requests {
        seeds.add("server_router", name, requests.join("\n---\n"));
    }
    let id = "00000000-0000-4000-8000-00000000000a";
    let kerberus = json!({"id": "00".repeat(46), "nonces": ["1", "2"]});
    seeds.add(
        "server_gateway",
        "email",
        format!(
            "process/hcp-email/{id}\n{}",
            json!({"g-recaptcha-response": "t", "email": "a@example.org", "firstName": "A", "lastName": "B"})
        ),
    );
    seeds.add(
        "server_gateway",
        "sms",
        format!(
            "process/patient-sms/{id}?codeLength=6\n{}",
            json!({"friendly-captcha-response": "t", "mobilePhone": "+32470123456", "language": "fr"})
        ),
    );
    seeds.add(
        "server_gateway",
        "kerberus",
        format!(
            "challenge\n---\nprocess/patient-email/{id}\n{}",
            json!({"kerberus-response": kerberus, "email": "b@example.org"})
        ),
    );
    seeds.add(
        "server_gateway",
        "validate",
        format!(
            "process/patient-email/{id}\n{}\n---\nprocess/validate/{id}-123456\n---\nprocess/validate/{id}-1",
            json!({"g-recaptcha-response": "t", "email": "c@example.org"})
        ),
    );
    seeds.add(
        "server_gateway",
        "invite",
        format!("email/to/d@example.org\n{}", json!({"from": "a@example.org", "subject": "s", "html": "<p>h</p>"})),
    );
    let class = |name: &str| format!("org.taktik.icure.entities.{name}");
    let hcp = "00000000-0000-4000-8000-000000000001";
    let chain = |filter: serde_json::Value| json!({"filter": filter, "predicate": null});
    for (name, message) in [
        ("all", json!({"eventTypes": ["CREATE"], "entityClass": class("MaintenanceTask"), "filter": null})),
        (
            "contacts",
            json!({"eventTypes": ["CREATE", "UPDATE", "DELETE"], "entityClass": class("Contact"),
                "filter": chain(json!({"$type": "ContactByHcPartyFilter", "hcpId": hcp})),
                "accessControlKeys": ["00112233445566778899aabbccddeeff"]}),
        ),
        (
            "services",
            json!({"eventTypes": ["UPDATE"], "entityClass": class("embed.Service"),
                "filter": chain(json!({"$type": "UnionFilter", "filters": [
                    {"$type": "ServiceByHcPartyFilter", "hcpId": hcp},
                    {"$type": "ServiceByIdsFilter", "ids": ["a"]}]}))}),
        ),
        ("users", json!({"eventTypes": ["DELETE"], "entityClass": class("User")})),
    ] {
        seeds.add("server_events", name, message.to_string());
    }
}

fn sdk(seeds: &mut Seeds) {
    let official = vectors("cardinal");
    let pkcs8 = hex::decode(official["testKeys"]["A"]["pkcs8Hex"].as_str().unwrap()).unwrap();
    let key = keystead_crypto::key::PrivateKey::from_pkcs8(&pkcs8).ok().unwrap();
    let value = keystead_crypto::key::import::expose_private_key(&key);
    let fingerprint = key.public().fingerprint();
    let device = keystead_crypto::key::import::device_key_name("ada", fingerprint);
    let cache = keystead_crypto::key::import::verification_cache_name("ada");
    let verified = json!({fingerprint.v1(): true});
    seeds.add("sdk_import", "verified", format!("{device}\n{}\n---\n{cache}\n{verified}", &*value));
    seeds.add(
        "sdk_import",
        "old",
        format!("org.taktik.icure.rsa.ada\n{}\n---\norg.taktik.icure.rsa.sign.ada.self\nx", &*value),
    );
    seeds.add("sdk_sealed", "replace-head", b"\x00KSV\x01\x02");
    seeds.add("sdk_sealed", "newer-head", b"\x00KSV\x02");
    seeds.add("sdk_sealed", "mix-head", b"\x01\0\0\0\0\0\0\0\x01");
    seeds.add("sdk_sealed", "mix-head-with-checksum", b"\x02\0\0\0\0\0\0\0\x01");
    let mut head = b"\x03KSV\x01\x01".to_vec();
    head.extend([0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1]);
    head.extend([7; 16 + 12 + 48]);
    seeds.add("sdk_sealed", "passphrase-head", head);
    seeds.add("sdk_sealed", "replace-entry", b"\x04KSE\x01");
    seeds.add("sdk_sealed", "mix-entry", b"\x05\0\0\0\0\x01");
    seeds.add("sdk_sealed", "honest", b"\x05");
    wallet(seeds);
}

/// What a wallet is asked to sign.
fn wallet(seeds: &mut Seeds) {
    let address = "0x3535353535353535353535353535353535353535";
    let legacy =
        json!({ "chainId": 1, "nonce": 9, "gas": 21000, "gasPrice": "20000000000", "to": address, "value": "0x1" });
    seeds.json("sdk_wallet", "legacy", &legacy);
    let access = json!([{ "address": address, "storageKeys": [format!("0x{}", "01".repeat(32))] }]);
    let dynamic = json!({
        "type": "0x2", "chainId": "0x1", "nonce": "0x0", "gas": "0x5208", "maxFeePerGas": 2, "maxPriorityFeePerGas": 1,
        "data": "0x00ff", "accessList": access,
    });
    seeds.json("sdk_wallet", "dynamic-fee", &dynamic);
    let typed = json!({
        "types": {
            "EIP712Domain": [{ "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" }],
            "Order": [
                { "name": "next", "type": "Order" }, { "name": "lines", "type": "Line[1][]" },
                { "name": "call", "type": "bytes" }, { "name": "selector", "type": "bytes4" },
            ],
            "Line": [
                { "name": "price", "type": "int96" }, { "name": "to", "type": "address" }, { "name": "paid", "type": "bool" },
            ],
        },
        "primaryType": "Order",
        "domain": { "name": "Harbour", "chainId": "0x1" },
        "message": {
            "next": null, "lines": [[{ "price": "-12", "to": address, "paid": true }]], "call": "0x", "selector": "0x01020304",
        },
    });
    seeds.json("sdk_wallet", "typed-data", &typed);
    let mut message = vec![0x80, 1, 0, 1, 3];
    message.extend([1; 32]);
    message.extend([2; 32]);
    message.extend([0; 32]);
    message.extend([9; 32]);
    message.extend([1, 2, 2, 0, 1, 12, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    message.extend([5; 32]);
    message.extend([1, 7, 0]);
    seeds.add("sdk_wallet", "solana-message", &message);
    seeds.add("sdk_wallet", "solana-legacy-message", &message[1..message.len() - 36]);
    seeds.add("sdk_wallet", "solana-transaction", [&[1][..], &[7; 64], &message].concat());
    let key = format!("keystead-wallet-key-1 {} 7 {} {}", "01".repeat(16), "02".repeat(16), "03".repeat(32));
    seeds.add("sdk_wallet", "key", key);
}
