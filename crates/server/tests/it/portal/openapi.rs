//! The OpenAPI document says what is true of this interface.

use crate::support::TestServer;

#[tokio::test]
async fn every_endpoint_has_its_own_shapes_and_the_errors_of_portal() {
    let server = TestServer::dev().await;
    let document = server.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let mut seen = 0;
    for (path, operations) in paths.iter().filter(|(path, _)| path.starts_with("/api/")) {
        for (method, operation) in operations.as_object().unwrap() {
            seen += 1;
            let failure = &operation["responses"]["default"]["$ref"];
            assert_eq!(failure, "#/components/responses/PortalError", "{method} {path}");
            let scheme = operation["security"][0].as_object().unwrap().keys().next().unwrap();
            let expected =
                if path.contains("/clients/me") || path.contains("/analytics/") { "client" } else { "custodian" };
            assert_eq!(scheme, expected, "{method} {path}");
        }
    }
    assert!(seen > 10, "{seen}");
    let made = &document["paths"]["/api/clients"]["post"]["responses"]["201"]["content"]["application/json"]["schema"];
    assert_eq!(made["$ref"], "#/components/schemas/PortalClientKeys");
    assert_eq!(document["components"]["schemas"]["PortalClientKeys"]["required"][1], "clientApiKey");
}
