//! Invoice: what a patient or an insurance is asked to pay.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, objects, text};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef};
use crate::query::{Posting, Selection};

const DATE_BY_CODE: &str = "invoice.date-by-code";
const DATE_BY_PATIENT: &str = "invoice.date-by-patient";

/// The class of Invoice documents.
pub static CLASS: Class = Class {
    name: "Invoice",
    path: "invoice",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[FilterDef { name: "InvoiceByHcPartyCodeDateFilter", compile: by_code }],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientInvoiceDate", index: DATE_BY_PATIENT, fuzzy: true }),
};

fn postings(invoice: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let date = index::fuzzy(invoice, "invoiceDate");
    postings.patients(DATE_BY_PATIENT, invoice, date);
    for code in objects(invoice, "invoicingCodes") {
        postings.sorted(DATE_BY_CODE, text(code, "code").into_iter().chain(text(code, "tarificationId")), date);
    }
    postings.finish()
}

fn by_code(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startInvoiceDate", "endInvoiceDate")?;
    let code = bounds.any_of(DATE_BY_CODE, [arguments.text("code")?]);
    arguments.sorted(arguments.among("healthcarePartyId", vec![code])?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn invoices_are_found_by_code_and_patient() {
        let invoice = json!({
            "id": "i", "invoiceDate": 20230101, "secretForeignKeys": ["p"],
            "invoicingCodes": [{"code": "101", "tarificationId": "INAMI|101|1"}],
        });
        assert_eq!(
            postings(&CLASS, &invoice),
            [
                "invoice.date-by-code 101 @20230101000000",
                "invoice.date-by-code INAMI|101|1 @20230101000000",
                "invoice.date-by-patient p @20230101000000",
            ]
        );
        check(
            &CLASS,
            &[(
                "InvoiceByHcPartyCodeDateFilter",
                json!({"healthcarePartyId": "me", "code": "101", "endInvoiceDate": 20230131}),
                "asc invoice.date-by-code=101[..20230131235959]",
            )],
        );
    }
}
