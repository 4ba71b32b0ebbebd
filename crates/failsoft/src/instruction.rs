//! What a target is told that goes on where another broke off, in the conversation's own language.

use failsoft_config::{END, Texts};
use whatlang::Lang;

use crate::words::text_for;

/// A guess from fewer letters than this is none.
const SURE: usize = 24;

/// What is said to a target that cannot be given the beginning of its answer. The operator's text
/// is taken first, in the language of the answer so far, else of the client, else in English.
pub(crate) fn instruction(
    own: &Texts,
    delivered: &str,
    last_words: &str,
    languages: &[String],
) -> String {
    let spoken = language(delivered);
    let code = spoken.and_then(|lang| Some(TEXTS.iter().find(|(of, ..)| *of == lang)?.1));
    let asked: Vec<String> =
        code.map(str::to_owned).into_iter().chain(languages.iter().cloned()).collect();
    let built_in = || {
        let tag = asked.first().map_or("en", |tag| tag.split('-').next().unwrap_or(tag));
        TEXTS.iter().find(|(_, code, _)| *code == tag).map_or(ENGLISH, |(.., text)| *text)
    };
    text_for(own, &asked).unwrap_or_else(built_in).replace(END, last_words)
}

fn language(text: &str) -> Option<Lang> {
    if text.chars().filter(|letter| letter.is_alphabetic()).take(SURE).count() < SURE {
        return None;
    }
    whatlang::detect_lang(text)
}

const ENGLISH: &str = "Your answer was cut off. Its last words were:\n\n{end}\n\nBegin with exactly \
     these words, without quotation marks, and go on from there to the end of the answer. Write \
     nothing before them, do not start over, and do not mention this.";

/// Language, its tag, and the instruction.
const TEXTS: &[(Lang, &str, &str)] = &[
    (Lang::Eng, "en", ENGLISH),
    (
        Lang::Deu,
        "de",
        "Deine Antwort ist abgebrochen. Ihre letzten Worte waren:\n\n{end}\n\nBeginne mit genau \
         diesen Worten, ohne Anführungszeichen, und fahre von dort bis zum Ende der Antwort fort. \
         Schreibe nichts davor, fang nicht von vorn an, und erwähne dies nicht.",
    ),
    (
        Lang::Fra,
        "fr",
        "Ta réponse a été interrompue. Ses derniers mots étaient :\n\n{end}\n\nCommence exactement \
         par ces mots, sans guillemets, et poursuis à partir de là jusqu'à la fin de la réponse. \
         N'écris rien avant, ne recommence pas, et n'en parle pas.",
    ),
    (
        Lang::Spa,
        "es",
        "Tu respuesta se ha cortado. Sus últimas palabras eran:\n\n{end}\n\nEmpieza exactamente con \
         estas palabras, sin comillas, y sigue desde ahí hasta el final de la respuesta. No \
         escribas nada antes, no vuelvas a empezar y no menciones esto.",
    ),
    (
        Lang::Por,
        "pt",
        "A sua resposta foi interrompida. As últimas palavras foram:\n\n{end}\n\nComece exatamente \
         com estas palavras, sem aspas, e continue a partir daí até ao fim da resposta. Não \
         escreva nada antes, não recomece e não mencione isto.",
    ),
    (
        Lang::Ita,
        "it",
        "La tua risposta si è interrotta. Le ultime parole erano:\n\n{end}\n\nComincia esattamente \
         con queste parole, senza virgolette, e continua da lì fino alla fine della risposta. Non \
         scrivere nulla prima, non ricominciare e non parlarne.",
    ),
    (
        Lang::Nld,
        "nl",
        "Je antwoord is afgebroken. De laatste woorden waren:\n\n{end}\n\nBegin met precies deze \
         woorden, zonder aanhalingstekens, en ga van daaruit door tot het einde van het antwoord. \
         Schrijf er niets voor, begin niet opnieuw en noem dit niet.",
    ),
    (
        Lang::Pol,
        "pl",
        "Twoja odpowiedź została przerwana. Jej ostatnie słowa to:\n\n{end}\n\nZacznij dokładnie od \
         tych słów, bez cudzysłowu, i kontynuuj od tego miejsca do końca odpowiedzi. Nie pisz nic \
         przed nimi, nie zaczynaj od nowa i nie wspominaj o tym.",
    ),
    (
        Lang::Rus,
        "ru",
        "Твой ответ оборвался. Его последние слова:\n\n{end}\n\nНачни ровно с этих слов, без кавычек, \
         и продолжай с этого места до конца ответа. Ничего не пиши перед ними, не начинай заново и \
         не упоминай об этом.",
    ),
    (
        Lang::Jpn,
        "ja",
        "回答が途中で切れました。最後の言葉は次のとおりです。\n\n{end}\n\nこの言葉とまったく同じ文字から、\
         引用符なしで書き始め、そこから回答の最後まで続けてください。その前には何も書かず、最初から\
         やり直さず、このことには触れないでください。",
    ),
    (
        Lang::Cmn,
        "zh",
        "你的回答中断了。最后的文字是：\n\n{end}\n\n请从这些文字开始，原样写出，不加引号，并由此继续写到\
         回答结束。前面不要写任何内容，不要从头开始，也不要提及此事。",
    ),
    (
        Lang::Kor,
        "ko",
        "답변이 중간에 끊겼습니다. 마지막 말은 다음과 같습니다.\n\n{end}\n\n정확히 이 말로, 따옴표 없이 \
         시작하여 거기서부터 답변 끝까지 이어서 써 주세요. 그 앞에는 아무것도 쓰지 말고, 처음부터 다시 \
         시작하지 말고, 이 일을 언급하지 마세요.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_quotes_the_last_words_once() {
        for (_, tag, text) in TEXTS {
            assert_eq!(text.matches(END).count(), 1, "{tag}");
        }
    }

    #[test]
    fn the_answer_decides_the_language_before_the_client_does() {
        let german = "Zuerst prüfen wir die Verbindung, danach sehen wir uns die Antwort an und";
        let own = Texts::default();
        let said = |text: &str, client: &[&str]| {
            let client: Vec<String> = client.iter().map(|tag| (*tag).to_owned()).collect();
            instruction(&own, text, "die Antwort an und", &client)
        };
        assert!(said(german, &["fr"]).starts_with("Deine Antwort"));
        assert!(said("Oui", &["fr-CA"]).starts_with("Ta réponse"), "too short to tell");
        assert!(said("Oui", &["xx"]).starts_with("Your answer"));
        assert!(said(german, &[]).contains("\n\ndie Antwort an und\n\n"));
    }

    #[test]
    fn the_operators_words_stand_above_ours() {
        let own = Texts([("en".to_owned(), "Go on after {end}.".to_owned())].into());
        assert_eq!(instruction(&own, "Oui", "this", &["de".to_owned()]), "Go on after this.");
    }
}
