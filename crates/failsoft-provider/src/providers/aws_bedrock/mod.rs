//! Amazon Bedrock. Every region has an address of its own:
//! `https://bedrock-runtime.REGION.amazonaws.com`. Its codes are the names of exceptions.

use failsoft_engine::{Cancel, FailureKind};
use failsoft_wire::Dialect;

use crate::classify::rule::{ANY, CLIENT, Quirks, Rule, Says, means};
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "bedrock",
    trace_name: Some("aws.bedrock"),
    dialect: Dialect::BedrockConverse,
    speaks: &[Dialect::BedrockConverse],
    base_url: None,
    auth: Auth::SigV4 { service: "bedrock" },
    // An API key of Bedrock's, which is a bearer token. A key pair stands in AWS_ACCESS_KEY_ID,
    // AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and is one key when joined by colons.
    key_env: Some("AWS_BEARER_TOKEN_BEDROCK"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { first: FIRST, last: LAST, cancel: Cancel::Billed, ..Quirks::NONE },
};

const FIRST: &[Rule] = &[
    Rule {
        when: CLIENT,
        says: Says::Code(&[
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "RequestExpired",
            "UnrecognizedClientException",
        ]),
        means: means(FailureKind::Authentication),
    },
    Rule {
        when: CLIENT,
        says: Says::Code(&["ServiceQuotaExceededException"]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: &[429..=429],
        says: Says::Words(&["per day"]),
        means: means(FailureKind::QuotaExhausted),
    },
    Rule {
        when: CLIENT,
        says: Says::Code(&["ConflictException"]),
        means: means(FailureKind::Conflict),
    },
    Rule {
        when: ANY,
        says: Says::Code(&["ModelNotReadyException"]),
        means: means(FailureKind::Overloaded),
    },
    // A form of the account's is missing, not the model.
    Rule {
        when: &[404..=404],
        says: Says::Words(&["use case details"]),
        means: means(FailureKind::Permission),
    },
];

const LAST: &[Rule] = &[
    // The model behind it failed; nothing the request names did.
    Rule { when: &[424..=424], says: Says::Anything, means: means(FailureKind::ServerError) },
];
