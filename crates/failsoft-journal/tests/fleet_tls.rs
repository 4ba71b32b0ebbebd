//! Whom a gateway gives its password to, and over what.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod cluster;

use cluster::Cluster;
use failsoft_journal::{PostgresUrl, Reader};
use rcgen::{CertificateParams, Issuer, KeyPair};

/// An authority, and a certificate of it for a name.
struct Authority {
    certificate: String,
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, params, key }
    }

    /// A certificate and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    }
}

#[test]
fn a_server_must_show_what_sslmode_asks_for() {
    let Some(mut cluster) = Cluster::start(&["fsync=off"]) else { return };
    let (ours, other) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.issue("localhost");
    cluster.crash();
    cluster.serve_tls(&certificate, &key);
    cluster.run();
    let folder = tempfile::tempdir().unwrap();
    let root = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        std::fs::write(&path, &authority.certificate).unwrap();
        path.display().to_string()
    };
    let (ours, other) = (root("ours.pem", &ours), root("other.pem", &other));
    // It got as far as the server's own words, with the password.
    let let_in = "it holds no journal yet";
    let by_ip = cluster.url("postgres");
    let by_name = by_ip.replace("127.0.0.1", "localhost");
    for (url, parameters, said) in [
        (&by_name, format!("sslmode=verify-full&sslrootcert={ours}"), let_in),
        (&by_name, format!("sslrootcert={ours}&sslmode=verify-ca"), let_in),
        (&by_ip, format!("sslmode=verify-ca&sslrootcert={ours}"), let_in),
        (&by_ip, "sslmode=require".to_owned(), let_in),
        (&by_ip, "sslmode=require&channel_binding=require".to_owned(), let_in),
        (&by_ip, "sslmode=prefer".to_owned(), let_in),
        (&by_ip, "sslmode=disable".to_owned(), "no pg_hba.conf entry"),
        (&by_ip, format!("sslmode=verify-full&sslrootcert={ours}"), "not valid for name"),
        (&by_name, format!("sslmode=verify-full&sslrootcert={other}"), "invalid peer certificate"),
        (&by_name, format!("sslmode=verify-ca&sslrootcert={other}"), "invalid peer certificate"),
        (&by_name, format!("sslmode=require&sslrootcert={other}"), "invalid peer certificate"),
        (&by_name, "sslmode=verify-full".to_owned(), "sslrootcert=FILE in journal.url"),
        (
            &by_name,
            "sslmode=verify-full&sslrootcert=/none".to_owned(),
            "cannot use the sslrootcert",
        ),
    ] {
        let url: PostgresUrl = format!("{url}?{parameters}").parse().unwrap();
        let message = Reader::connect(&url).unwrap_err().to_string();
        assert!(message.contains(said), "{parameters}: {message}");
        assert!(!message.contains(cluster::PASSWORD), "{message}");
    }
}
