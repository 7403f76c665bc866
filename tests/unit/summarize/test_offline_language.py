import pytest

from asynctaskflow_openrouter.offline.language import detect_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The council has decided that the bridge will be closed for two weeks in May."),
        (
            "it",
            "Il consiglio ha deciso che il ponte sarà chiuso per due settimane nel mese di maggio.",
        ),
        ("fr", "Le conseil a décidé que le pont sera fermé pendant deux semaines au mois de mai."),
        ("de", "Der Rat hat beschlossen, dass die Brücke im Mai für zwei Wochen gesperrt wird."),
        ("es", "El consejo ha decidido que el puente se cierre durante dos semanas en mayo."),
        ("pt", "O conselho decidiu que a ponte não será aberta durante as duas semanas de maio."),
        ("nl", "De raad heeft besloten dat de brug in mei voor twee weken dicht gaat."),
        (
            "sv",
            "Rådet har beslutat att bron ska vara stängd i två veckor och inte öppnas för trafik.",
        ),
        (
            "da",
            "Rådet har besluttet, at broen skal være lukket i to uger og ikke åbnes for trafik.",
        ),
        ("pl", "Rada zdecydowała, że most będzie zamknięty przez dwa tygodnie, ale nie w maju."),
        ("ro", "Consiliul a decis că podul va fi închis pentru două săptămâni și nu în luna mai."),
        (
            "tr",
            "Meclis bu köprünün iki hafta için kapalı olacağını ve daha sonra açılacağını söyledi.",
        ),
        ("ru", "Совет решил, что мост будет закрыт на две недели, но это не в мае."),
        ("zh", "市议会决定桥梁将关闭两周。"),
        ("ja", "市議会は橋を二週間閉鎖することを決めました。"),
        ("ko", "시의회는 다리를 이 주 동안 닫기로 결정했다."),
        ("el", "Το συμβούλιο αποφάσισε να κλείσει τη γέφυρα."),
        ("ar", "قرر المجلس إغلاق الجسر لمدة أسبوعين."),
    ],
)
def test_a_sentence_is_enough_to_know_the_language(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "12 345 %", "Xyzzy plugh foobar quux", "qwe rty"])
def test_what_is_no_language_is_undetermined(text):
    assert detect_language(text) == "und"
