"""Words in which anybody denies or confirms anything: that two statements share them makes no two alike.

Data only, folded: the first letters of words, and, for scripts without spaces, pairs of characters.
"""

from __future__ import annotations

# Words are compared by their first letters, so that one form stands for its inflections.
STEM = 5

_STEMS = """
aber about affir afirm after again aind algun alle alleg also altri anche annon anoth any asegu asked
auch aucun ausge aussi autre avait avec aveva azien basis because been befor behau being beric bestr
boato bruit calle carec case cette chief ciert circu claim clari clear come comen comme commu como comp
compa comun conce conf confi conne conte contr corre could cour dans dass decla della delle demen dement
deni denie denyi depar desde desme desmi dichi dicho dies diese dijo discu disse dit does doubt elle
emplo empre ente entir entre entsp erfun erkla esta estas este etait etre execu exist expla fabri facts
fake falsa falsc false falso fatto faux firma firml fonda fonde forme found frei from gegen gerüc gespr
giorn group haben hatte have havia headl heard heute hoax inac inacc incor indis indiv inexa infon infor
inform inten inter ipote issue jamai jamas jeder jedes journ keine knowl knows komme konze large letter
libel lies mai mais manag matte medi media medie meeti meldu meme mentir mento minis misle mitte monda
month nada nao natur nega negar nego negou nenhu never news newsp nicht niega niente ningu nota noted
nothi noti notic notiz nous nouve nulla nunca offic onlin only other outle para parle parte parti pela
pelo peopl pero perso plan plann plans polic porqu porta porte posit post prens press presse priva prive
propo prove publi quais qualq qualu quant quest quote radio reall rece recen recha refer refut rejec
rejet relat relea remai repea repli repor repre repud resp respo rien rumeu rumor rumou sagte said sayin
says secre sei seien seine selon senio serai share sido smen smenti sobre socia some sono sont sosti
sourc speak specu spekul spoke spoki sprea sprec stampa stata state stati stato stell still stimm stori
story stron such taken talk talki talks tambem tell telli that their them there these they thing think
this those thurs tiene toda today todo told total tous tout toute trifft true truth tudo tuesd tutto
under unfou unter untru unwah unzut upon verda verif verit vero vers version very viene voce voci wahr
want wede weder wedne week weise well werde were what when where which while wies will wird wire with
withi woman would wrong wurde year yeste your zuruck zurüc zutre
"""

_PAIRS = """
报道 报导 传闻 传言 谣言 谣传 网传 网络 不实 属实 不属 消息 信息 内容 虚假 假消 否认 辟谣 澄清 回应 表示
声明 公告 强调 指出 公司 本公 我们 目前 并无 并没 没有 从未 未有 不会 不是 绝无 此事 相关 有关 关于 上述
市场 媒体 记者 采访 发言 言人 负责 责人 集团 方面 证实 确认 承认 称该 称此 称相 纯属 子虚 虚乌 乌有 误导
误传 不真 真实 实信 的消 的报 等传 传播 散布 造谣 法律 追究 今日 昨日 近日 日前 月日 官方 正式 任何 计划
打算 不存 存在 毫无 无根 根据 据此 请勿 勿信 轻信 信谣 不知 知情 了解 对此 報道 事実 実無 無根 否定 当社
弊社 会社 発表 公式 コメ メン ント 一部 部報 記事 決定 広報 担当 当者 説明 回答 사실 실이 이아 아니 니다
무근 보도 루머 소문 회사 관계 계자 입장 공식 해당 내용 전혀 없다 없는 부인 해명 밝혔 혔다 확인 대해 대한
관련 관해 것은 것이 이라 라고 고말 말했 했다 습니 기자
"""

FORMULAS: frozenset[str] = frozenset((_STEMS + _PAIRS).split())
