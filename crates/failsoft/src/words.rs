//! What people read when a call fails, in their language. Never a provider's words.

use failsoft_config::Texts;
use failsoft_engine::FailureKind;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// A language failsoft speaks by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English, also for every language not listed.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// Italian.
    It,
    /// Japanese.
    Ja,
    /// Chinese.
    Zh,
    /// Korean.
    Ko,
}

const LANGUAGES: [(&str, Language); 9] = [
    ("en", Language::En),
    ("de", Language::De),
    ("fr", Language::Fr),
    ("es", Language::Es),
    ("pt", Language::Pt),
    ("it", Language::It),
    ("ja", Language::Ja),
    ("zh", Language::Zh),
    ("ko", Language::Ko),
];

/// The tags of `Accept-Language`, the dearest first; those with `q=0` are left out.
pub(crate) fn accepted(headers: &HeaderMap) -> Vec<String> {
    let Some(list) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Vec::new();
    };
    let mut tags: Vec<(u32, String)> = list.split(',').take(32).filter_map(weighed).collect();
    tags.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

/// `de-CH;q=0.8` as (800, "de-ch").
fn weighed(item: &str) -> Option<(u32, String)> {
    let mut parts = item.trim().split(';');
    let tag = parts.next()?.trim().to_ascii_lowercase();
    let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
        None => 1000,
        Some(quality) => {
            let quality: f32 = quality.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=1000")]
            let milli = (quality * 1000.0) as u32;
            milli
        }
    };
    (weight > 0 && !tag.is_empty()).then_some((weight, tag))
}

/// The first accepted language that failsoft speaks.
pub(crate) fn language(accepted: &[String]) -> Language {
    let spoken = |tag: &String| {
        let primary = tag.split('-').next().unwrap_or(tag);
        LANGUAGES.iter().find(|(name, _)| *name == primary).map(|(_, language)| *language)
    };
    accepted.iter().find_map(spoken).unwrap_or_default()
}

/// The operator's text in the dearest language there is one for, else in English, else any.
pub(crate) fn text_for<'a>(texts: &'a Texts, languages: &[String]) -> Option<&'a str> {
    let named = |tag: &str| {
        texts.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag)).map(|(_, text)| text)
    };
    let accepted = languages
        .iter()
        .find_map(|tag| named(tag).or_else(|| named(tag.split('-').next().unwrap_or(tag))));
    accepted.or_else(|| named("en")).or_else(|| texts.0.values().next()).map(String::as_str)
}

/// What is said of a failure.
pub(crate) fn words(kind: FailureKind, language: Language) -> &'static str {
    let row = match kind {
        FailureKind::RateLimited => &BUSY,
        FailureKind::Timeout => &SLOW,
        FailureKind::Overloaded
        | FailureKind::ServerError
        | FailureKind::Network
        | FailureKind::BadResponse
        | FailureKind::QuotaExhausted
        | FailureKind::Permission
        | FailureKind::Cancelled => &UNAVAILABLE,
        FailureKind::BadRequest | FailureKind::Conflict => &BAD_REQUEST,
        FailureKind::ContextLengthExceeded => &TOO_LONG,
        FailureKind::ContentFiltered => &FILTERED,
        FailureKind::Authentication => &KEY,
        FailureKind::ModelNotFound => &MODEL,
        FailureKind::NotFound => &NOT_FOUND,
        FailureKind::PayloadTooLarge => &TOO_LARGE,
        FailureKind::Unsupported => &UNSUPPORTED,
    };
    row[language as usize]
}

/// The words when a failure is of the targets' making, whatever its kind.
pub(crate) fn unavailable(language: Language) -> &'static str {
    UNAVAILABLE[language as usize]
}

/// One sentence or two in each language, in the order of [`Language`].
type Row = [&'static str; 9];

const UNAVAILABLE: Row = [
    "The assistant is not available right now. Please try again in a moment.",
    "Der Assistent ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
    "L'assistant n'est pas disponible pour le moment. Veuillez réessayer dans un instant.",
    "El asistente no está disponible en este momento. Inténtelo de nuevo en unos instantes.",
    "O assistente não está disponível no momento. Tente novamente em instantes.",
    "L'assistente non è disponibile in questo momento. Riprovi tra poco.",
    "アシスタントは現在ご利用いただけません。しばらくしてからもう一度お試しください。",
    "助手暂时无法使用。请稍后再试。",
    "지금은 어시스턴트를 사용할 수 없습니다. 잠시 후 다시 시도해 주세요.",
];

const BUSY: Row = [
    "There are too many requests right now. Please try again in a moment.",
    "Gerade gehen zu viele Anfragen ein. Bitte versuchen Sie es gleich noch einmal.",
    "Il y a trop de demandes en ce moment. Veuillez réessayer dans un instant.",
    "Hay demasiadas solicitudes en este momento. Inténtelo de nuevo en unos instantes.",
    "Há solicitações demais no momento. Tente novamente em instantes.",
    "Ci sono troppe richieste in questo momento. Riprovi tra poco.",
    "現在リクエストが集中しています。しばらくしてからもう一度お試しください。",
    "当前请求过多。请稍后再试。",
    "지금 요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
];

const SLOW: Row = [
    "The answer took too long. Please try again.",
    "Die Antwort hat zu lange gedauert. Bitte versuchen Sie es noch einmal.",
    "La réponse a pris trop de temps. Veuillez réessayer.",
    "La respuesta ha tardado demasiado. Inténtelo de nuevo.",
    "A resposta demorou demais. Tente novamente.",
    "La risposta ha richiesto troppo tempo. Riprovi.",
    "応答に時間がかかりすぎました。もう一度お試しください。",
    "回答用时过长。请重试。",
    "응답하는 데 시간이 너무 오래 걸렸습니다. 다시 시도해 주세요.",
];

const BAD_REQUEST: Row = [
    "This request could not be processed. Please check what was sent.",
    "Diese Anfrage konnte nicht verarbeitet werden. Bitte prüfen Sie, was gesendet wurde.",
    "Cette demande n'a pas pu être traitée. Veuillez vérifier ce qui a été envoyé.",
    "No se ha podido procesar esta solicitud. Compruebe lo que se ha enviado.",
    "Não foi possível processar esta solicitação. Verifique o que foi enviado.",
    "Non è stato possibile elaborare questa richiesta. Controlli ciò che è stato inviato.",
    "このリクエストは処理できませんでした。送信内容をご確認ください。",
    "无法处理此请求。请检查所发送的内容。",
    "이 요청을 처리할 수 없습니다. 보낸 내용을 확인해 주세요.",
];

const TOO_LONG: Row = [
    "This conversation is too long for the assistant. Please shorten it or start a new one.",
    "Dieses Gespräch ist zu lang für den Assistenten. Bitte kürzen Sie es oder beginnen Sie ein neues.",
    "Cette conversation est trop longue pour l'assistant. Veuillez la raccourcir ou en commencer une nouvelle.",
    "Esta conversación es demasiado larga para el asistente. Acórtela o empiece una nueva.",
    "Esta conversa é longa demais para o assistente. Encurte-a ou comece uma nova.",
    "Questa conversazione è troppo lunga per l'assistente. La abbrevi o ne inizi una nuova.",
    "この会話はアシスタントには長すぎます。短くするか、新しい会話を始めてください。",
    "此对话对助手来说太长。请缩短内容或开始新的对话。",
    "이 대화는 어시스턴트가 처리하기에 너무 깁니다. 줄이거나 새 대화를 시작해 주세요.",
];

const FILTERED: Row = [
    "This request was declined by a content filter. Please phrase it differently.",
    "Diese Anfrage wurde von einem Inhaltsfilter abgelehnt. Bitte formulieren Sie sie anders.",
    "Cette demande a été refusée par un filtre de contenu. Veuillez la formuler autrement.",
    "Un filtro de contenido ha rechazado esta solicitud. Formúlela de otra manera.",
    "Esta solicitação foi recusada por um filtro de conteúdo. Reformule-a.",
    "Questa richiesta è stata rifiutata da un filtro dei contenuti. La formuli diversamente.",
    "このリクエストはコンテンツフィルターにより拒否されました。表現を変えてお試しください。",
    "此请求被内容过滤器拒绝。请换一种说法。",
    "이 요청은 콘텐츠 필터에 의해 거부되었습니다. 다르게 표현해 주세요.",
];

const KEY: Row = [
    "The key for this service is missing or not valid.",
    "Der Schlüssel für diesen Dienst fehlt oder ist ungültig.",
    "La clé de ce service est absente ou n'est pas valide.",
    "La clave de este servicio falta o no es válida.",
    "A chave deste serviço está ausente ou não é válida.",
    "La chiave per questo servizio manca o non è valida.",
    "このサービスのキーがないか、無効です。",
    "此服务的密钥缺失或无效。",
    "이 서비스의 키가 없거나 유효하지 않습니다.",
];

const MODEL: Row = [
    "The requested model is not available here.",
    "Das angeforderte Modell ist hier nicht verfügbar.",
    "Le modèle demandé n'est pas disponible ici.",
    "El modelo solicitado no está disponible aquí.",
    "O modelo solicitado não está disponível aqui.",
    "Il modello richiesto non è disponibile qui.",
    "リクエストされたモデルはここでは利用できません。",
    "此处没有所请求的模型。",
    "요청한 모델은 여기에서 사용할 수 없습니다.",
];

const NOT_FOUND: Row = [
    "What this request asks for does not exist.",
    "Das, worauf sich diese Anfrage bezieht, gibt es nicht.",
    "Ce que cette demande désigne n'existe pas.",
    "Lo que pide esta solicitud no existe.",
    "O que esta solicitação pede não existe.",
    "Ciò che questa richiesta indica non esiste.",
    "このリクエストの対象は存在しません。",
    "此请求所指的内容不存在。",
    "이 요청이 가리키는 대상이 없습니다.",
];

const TOO_LARGE: Row = [
    "This request is too large. Please send less at once.",
    "Diese Anfrage ist zu groß. Bitte senden Sie weniger auf einmal.",
    "Cette demande est trop volumineuse. Veuillez en envoyer moins à la fois.",
    "Esta solicitud es demasiado grande. Envíe menos de una vez.",
    "Esta solicitação é grande demais. Envie menos de uma vez.",
    "Questa richiesta è troppo grande. Invii meno dati alla volta.",
    "このリクエストは大きすぎます。一度に送る量を減らしてください。",
    "此请求过大。请减少一次发送的内容。",
    "요청이 너무 큽니다. 한 번에 보내는 양을 줄여 주세요.",
];

const UNSUPPORTED: Row = [
    "The assistant cannot do what this request asks for.",
    "Der Assistent kann nicht tun, was diese Anfrage verlangt.",
    "L'assistant ne peut pas faire ce que cette demande exige.",
    "El asistente no puede hacer lo que pide esta solicitud.",
    "O assistente não consegue fazer o que esta solicitação pede.",
    "L'assistente non può fare ciò che questa richiesta chiede.",
    "アシスタントはこのリクエストの内容に対応していません。",
    "助手无法完成此请求的要求。",
    "어시스턴트가 이 요청을 수행할 수 없습니다.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_language_that_is_spoken_wins() {
        for (header, wanted) in [
            ("de-CH,fr;q=0.9", Language::De),
            ("sv, fr;q=0.4, ja;q=0.7", Language::Ja),
            ("pt-BR", Language::Pt),
            ("de;q=0, ko", Language::Ko),
            ("*", Language::En),
            ("sv", Language::En),
            ("de;q=nonsense, it", Language::It),
            ("", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(language(&accepted(&headers)), wanted, "{header:?}");
        }
    }

    #[test]
    fn every_kind_has_words_in_every_language() {
        for kind in FailureKind::ALL {
            for (name, language) in LANGUAGES {
                let said = words(kind, language);
                assert!(said.chars().count() > 8, "{kind} in {name}");
                assert!(!said.contains(kind.as_str()), "{kind} in {name} names a kind");
            }
        }
    }
}
