"""The commonest function words of the languages that are recognised; data, no logic.

Each list has two uses: it tells languages apart, and its words carry no topic. Forty or so of the
commonest are enough for both.
"""

_WORDS = {
    "en": """a about after all also an and any are as at be because been before but by can could did
        do for from had has have he her his how i if in into is it its just may more most my new no
        not of on one only or other our out over said she should so some such than that the their
        them then there these they this to two up was we were what when which while who will with
        would you your during between being does each very where both own same those through under
        until against am him me us here now too off again further once why nor""",
    "it": """a ad ai al alla alle allo agli anche ancora che chi ci come con cui da dal dalla dalle
        dagli degli dei del della delle dello dell di dove e ed era erano essere è fra gli ha hanno
        i il in io la le lo loro ma mentre nel nella nelle negli nei nell non nostro o ogni per però
        perché più poi prima quale quando quanto quello questa queste questi questo se sempre senza
        si sia solo sono sta su sua sue sugli sui sul sulla sulle suo suoi tra tutti tutto un una
        uno dopo molto così gli ne stato stata stati quasi già oggi quelli ogni dall all""",
    "fr": """à ai alors après au aussi autre aux avait avant avec avoir c ce cela ces cet cette
        comme d dans de des donc dont du elle elles en encore entre est et était été être eu fait il
        ils j je l la le les leur leurs lui m mais même moins n ne ni nos notre nous on ont ou où par
        pas peu plus pour qu quand que qui s sa sans se ses si son sont sous sur tous tout toute
        toutes très un une vers vous ainsi depuis deux fut jusqu chez lors puis selon cependant""",
    "de": """ab aber alle allem allen aller als also am an auch auf aus bei beim bis da damit dann
        das dass dem den denn der des die dies diese diesem diesen dieser dieses doch durch ein eine
        einem einen einer eines er es für gegen gibt hat hatte hatten haben ich ihr ihre ihren ihrer
        im in ins ist ja jetzt kann kein keine können mehr mit nach nicht noch nun nur ob oder ohne
        sehr sein seine seinen seiner sei seit selbst sich sie sind so sowie über um und uns unter
        vom von vor war waren was weil wenn werden wie wieder wir wird worden wurde wurden zu zum zur
        zwei zwischen bereits etwa sondern während""",
    "es": """a al algo antes así aunque bajo cada como con contra cual cuando de del desde después
        donde dos el ella ellos en entre era eran es esa ese eso esta estaba este esto estos fue
        fueron ha había han hasta hay la las le les lo los más me mi mientras muy nada ni no nos o
        otra otro otros para parte pero poco por porque puede que qué quien se según ser si sí sido
        sin sino sobre son su sus también tan tanto tiene todo todos tras un una uno unos y ya yo
        está están además durante sólo cuyo""",
    "pt": """a ainda ao aos antes as às assim até cada com como contra da das de depois desde do dos
        e é ela elas ele eles em entre era eram essa esse esta está estão este eu foi foram há isso
        isto já lhe mais mas mesmo muito na não nas nem no nos nós o onde os ou outra outro para
        pela pelas pelo pelos pode por porque quais qual quando que quem são se seja sem ser seu
        seus sob sobre só sua suas também tem têm ter toda todos tudo um uma você apenas durante
        segundo num numa""",
    "nl": """aan al alle als altijd andere bij dan dat de deze die dit doch door dus een eens en er
        ge geen had heb hebben heeft het hier hij hoe hun iets ik in is ja je kan kon kunnen maar
        meer men met mij moet na naar niet niets nog nu of om omdat ook op over reeds te tegen toen
        tot tussen u uit van veel voor waren was wat we werd werden wie wil worden wordt zal ze zei
        zelf zich zij zijn zo zonder zou tijdens onder toch hem haar""",
    "sv": """att av blev bli där de dem den denna det detta dig din dock du efter ej eller en er ett
        för från får fick ha hade han har hon hur här i inga ingen inom inte jag kan kunde man med
        mellan men mer mot mycket när några någon nu och också om på sedan sig sin sina ska skulle
        som så till under upp ut utan vad var vara varit vi vid vilka är över bara enligt även""",
    "da": """ad af alle at blev blive da de dem den denne der deres det dette dig du efter eller en
        end er et for fra få ham han har havde hende her hun hvad hvem hver hvis hvor i ikke ind jeg
        kan kunne man mange med meget men mere mod må nu når og også om op os over på selv sig sin
        skal skulle som så til ud under var ved vi vil ville være været siden efter blandt""",
    "pl": """a ale bo być był była było były co czy dla do gdy gdzie go i ich ile im iż ja jak jako
        jednak jego jej jest już każdy kiedy które którego której który którzy lub ma mają mi może
        można na nad nie niż o od oraz po pod podczas przed przez przy się są tak także tam te tego
        tej ten to tu tych tylko tym u w we wiele więc wszystkie z za ze że jeszcze bardzo""",
    "ro": """a acest această aceste acestea ai aici al ale am ar are asupra au avea ca că care când
        către ce cea cei cele cel cu cum da dar de deși despre din după ea ei el ele era este eu fi
        fie fost în între și îi îl la le lor lui mai mult nu o ori pe pentru prin sa sau să se sunt
        sub sunt tot toate un una unei unor unui va vor doar către dintre""",
    "tr": """ama ancak bazı ben bile bir biri birkaç bu bunu çok çünkü da daha de defa değil diye
        dolayı en gibi göre hem hep her hiç için ile ise ki kadar karşı mı mi mu mü nasıl ne neden
        nedenle o olan olarak oldu olduğu olması on ona onu sonra şey şu tüm var ve veya ya yani yok
        üzere tarafından""",
    "ru": """а без бы был была были было быть в вам вас во вот все всё всех вы где да даже для до
        его ее её если есть еще ещё же за и из или им их к как когда которая которые который кто ли
        мне может мы на над не него нее нет ни но ну о об он она они оно от перед по под после при с
        себя со также так такой там то тогда того только том у уже хотя чего чем что чтобы эта эти
        это этого этой этот я между через""",
}

STOPWORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _WORDS.items()
}
