use super::{bytes, group, object, text};
use crate::access_control::EntityType;
use crate::entity::{EntityRef, Manifests, open_entity};
use crate::hazmat::siv;
use crate::secret::EntityKey;

#[test]
fn hardening_syntheticIv() {
    let group = group("hardening_syntheticIv");
    let (key, binding, sealed) = (bytes(&group["entityKeyHex"]), bytes(&group["aadHex"]), bytes(&group["outputHex"]));
    let plaintext = text(&group["plaintext"]).as_bytes();
    assert_eq!(siv::seal(&key, &binding, plaintext).unwrap(), sealed);
    let (opened, authentic) = siv::open(&key, &binding, &sealed).unwrap();
    assert_eq!((&opened[..], authentic), (plaintext, true));

    // the same, as the field that it is
    let mut parts = binding.split(|byte| *byte == 0).map(|part| std::str::from_utf8(part).unwrap());
    let (entity_type, id) = (parts.next().unwrap(), parts.next().unwrap());
    use base64ct::{Base64, Encoding};
    let stored = serde_json::json!({"id": id, "encryptedSelf": Base64::encode_string(&sealed)});
    let entity = EntityRef { entity_type: EntityType::parse(entity_type).unwrap(), id };
    let key = EntityKey::from_bytes(&key).unwrap();
    let opened = open_entity(&Manifests::default(), entity, &[&key], object(&stored)).unwrap();
    assert_eq!(opened.body["note"], "authenticated note");
    assert!(opened.is_authenticated());
}
