//! The first story: register by a one-time code, create encrypted data, share it.

use anyhow::Context as _;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::{Captcha, Start};
use serde_json::Value;

use super::people::{DAENERYS, JORAH, World};
use super::stage::Stage;

/// How many samples a thermometer gives.
const SERIES: u32 = 200;
/// … and how many of them are sent together.
const TOGETHER: u32 = 50;

/// Tells it.
pub(crate) async fn tell(stage: &mut Stage, world: &mut World) -> anyhow::Result<()> {
    stage.chapter("Daenerys registers, writes down how she is, and her doctor Jorah reads it");
    let jorah = Start::by_sms(JORAH, Captcha::Kerberus).name("Jorah", "Mormont");
    let entered = world.log_in(stage, world.application(true), "Jorah", jorah, JORAH).await?;
    world.enter_doctor(entered.api)?;
    let daenerys = world.daenerys();
    let entered = world.log_in(stage, world.application(false), "Daenerys", daenerys, DAENERYS).await?;
    world.enter_patient(entered.api);
    stage.note("The key pair was made on her device. The server got the public half.");

    let (patient, doctor) = (world.patient()?, world.doctor()?);
    let own = stage.step("her own record is set up, shared with Jorah", patient.patients().current()).await?;
    let weight = DataSample::new("weight").with_measure("en", 61.5, "kg").with_tag("LOINC", "29463-7", "2");
    let diary = DataSample::new("diary").with_text("en", "Slept badly. Dreamt of the sea again.");
    let samples = patient.data_samples();
    let made = samples.create_for(own.id(), vec![weight, diary]);
    let made = stage.step("she writes down her weight, and a line in her diary", made).await?;
    let [_, diary] = made.as_slice() else { anyhow::bail!("two samples were made") };
    let contact = world.stored("Contact", diary.contact_id().context("in no contact")?).await?;
    let sealed = stored_sample(&contact, diary.id()).context("nothing is sealed")?;
    stage.beside(&sealed, "she", diary.text("en").unwrap_or_default());

    let asthma =
        HealthcareElement::new("asthma").with_note("inhaler twice a day").with_code("SNOMED", "195967001", "1");
    let elements = patient.healthcare_elements();
    let asthma = stage.step("she notes that she has asthma", elements.create_for(own.id(), asthma)).await?;
    stage.note(
        "Codes, tags and dates stay in clear, so that they can be searched; everything said about them is sealed.",
    );

    let bar = stage.bar(SERIES.into(), "sealing");
    let series = async {
        for from in (0..SERIES).step_by(TOGETHER as usize) {
            let batch = (from..SERIES.min(from + TOGETHER)).map(|minute| {
                let degrees = 36.4 + f64::from(minute % 12) / 10.0;
                DataSample::new("temperature").with_measure("en", degrees, "°C").with_tag("LOINC", "8310-5", "2")
            });
            samples.create_for(own.id(), batch.collect()).await?;
            bar.inc(TOGETHER.into());
        }
        anyhow::Ok(())
    };
    stage.step(&format!("her thermometer adds {SERIES} measurements"), series).await?;
    bar.finish_and_clear();

    let listed = stage.step("Jorah lists and decrypts all of it", doctor.data_samples().list_for(own.id())).await?;
    let diary = listed.records.iter().find(|sample| sample.id() == diary.id()).context("the diary is missing")?;
    stage.note(&format!(
        "{} samples, every one as she sealed it: nobody changed or moved a field.",
        listed.records.len()
    ));
    stage.beside(&sealed, "Jorah", diary.text("en").unwrap_or_default());
    let theirs = stage.step("he reads about the asthma", doctor.healthcare_elements().get(asthma.id())).await?;
    let advised = theirs.with_note("inhaler twice a day; see me in May");
    stage.step("and adds advice, for her to read", doctor.healthcare_elements().modify(&advised)).await?;
    Ok(())
}

/// How the server stores a sample: its service in the stored contact, without the ids.
pub(crate) fn stored_sample(contact: &str, sample: &str) -> Option<String> {
    let contact: Value = serde_json::from_str(contact).ok()?;
    let services = contact.get("services")?.as_array()?;
    let service = services.iter().find(|service| service.get("id").and_then(Value::as_str) == Some(sample))?;
    let mut service = service.as_object()?.clone();
    service.remove("id");
    Some(Value::Object(service).to_string())
}
