//! Calls with keys of Portal's interface.

use super::Seeds;

pub(super) fn keys(seeds: &mut Seeds) {
    for (name, calls) in [
        (
            "custodian",
            [
                "bearer\t{custodian}\nGET /api/v3/custodians/me/clients?take=2",
                "bearer\t{custodian}\nPOST /api/v3/custodians/me/clients/{id}/sessions\n{}",
                "bearer\t{custodian}\t3\tX\nGET /api/clients",
            ],
        ),
        (
            "client",
            [
                "bearer\t{client}\nGET /api/v3/clients/me",
                "bearer\t{client}\t80\tA\nGET /api/v3/clients/me",
                "bearer\t{client}\nGET /api/clients",
            ],
        ),
        (
            "session",
            [
                "bearer\t{session}\nGET /api/v3/clients/me",
                "cookie\t{session}\nGET /api/v3/clients/me",
                "cookie\t{session}\t0\tkc\nGET /api/v3/clients/me",
            ],
        ),
        ("otp", ["otp\t{otp}", "otp\t{otp}\t9\tA", "otp\teyJnIjoiZW52In0.AA"]),
        (
            "shapes",
            [
                "bearer\tkc_ZW52.00000000000000000000000000000000.AA\nGET /api/clients",
                "bearer\tks_.AB.\nGET /api/v3/clients/me",
                "cookie\tka_ZW52..\nPATCH /api/v3/clients/me/signing-share-pairs\n{}",
            ],
        ),
    ] {
        seeds.add("server_keys", name, calls.join("\n---\n"));
    }
}
