"""The Chinese in which alerts are told (simplified). Quotations, claims and names stay as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.alerts.tongue import Tongue
from service.core.breaking import ChannelEvent
from service.core.history import FeedEvent
from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.words import Hold

_STANCES: dict[tuple[Kind, Strength | None], str] = {
    (Kind.DENIAL, Strength.FLAT): "断然否认",
    (Kind.DENIAL, Strength.LIMITED): "部分否认",
    (Kind.DENIAL, Strength.NOT_AWARE): "表示不知情",
    (Kind.DENIAL, Strength.NON_DENIAL): "淡化但未否认",
    (Kind.DENIAL, None): "否认",
    (Kind.CONFIRMATION, None): "证实",
    (Kind.NO_COMMENT, None): "不予置评",
    (Kind.RETRACTION, None): "撤回报道",
    (Kind.STANDS_BY, None): "坚持报道",
    (Kind.RUMOR, None): "报道",
}

_ROLES: dict[Role, str] = {
    Role.PRINCIPAL: "当事方",
    Role.SPOKESMAN: "发言人",
    Role.EXECUTIVE: "高管",
    Role.AUTHORITY: "主管部门",
    Role.FACT_CHECKER: "事实核查机构",
    Role.OUTLET: "媒体",
    Role.SOURCE: "匿名消息人士",
}

_STATUSES: dict[Status, str] = {
    Status.OPEN: "待定：知情方尚无人否认或证实",
    Status.DENIED: "已被否认：无人证实",
    Status.CONFIRMED: "已被证实",
    Status.DISPUTED: "有争议：一方否认，另一方坚持",
    Status.RETRACTED: "原报道媒体已撤回",
}

_REASONS: dict[Reason, str] = {
    Reason.FIRST_DENIAL_BY_PARTY: "这是该方在此事中首次否认",
    Reason.STRONGER_DENIAL: "该方的否认比以前更坚决",
    Reason.FIRST_CONFIRMATION_BY_PARTY: "这是该方在此事中首次证实",
    Reason.REVERSAL: "与此前的说法相反",
    Reason.RETRACTION: "媒体撤回了自己的报道",
    Reason.RUMOR: "这是对该说法的报道",
    Reason.NO_COMMENT: "该方被问及此事，不予置评",
    Reason.STANDS_BY: "遭否认后媒体坚持其报道",
    Reason.REPEAT: "重复此前的说法",
    Reason.RECAP: "重提旧事",
    Reason.BELOW_THRESHOLD: "力度低于订阅的要求",
    Reason.DOUBTFUL_JOIN: "可能属于另一件事",
    Reason.TOLD_NEARBY: "同一说法已在几乎相同的另一件事中提醒过",
    Reason.LATE: "早于已知的该方说法",
    Reason.EARLY: "早于开启此事的任何报道",
    Reason.MARKED_WRONG: "已由人工标为误读",
    Reason.SILENCE: "在静默监测的时限内无人回应该报道",
    Reason.RULE_CLOCK: "市场规则规定的时限已到",
    Reason.BACKFILL: "早于对该来源的监测",
    Reason.NOT_WATCHED: "不涉及关注名单中的任何一方",
    Reason.FEED_NOTICE: "被监测的来源出现情况",
    Reason.OTHER_LANGUAGE: "订阅未要求该语言",
    Reason.OTHER_OUTLET: "订阅未要求该媒体",
    Reason.OTHER_EVENT: "订阅未要求该类事件",
    Reason.OTHER_PARTY: "订阅未要求该方的说法",
    Reason.UNSURE: "识别的把握低于订阅的要求",
    Reason.PAUSED: "订阅已暂停",
    Reason.MUTED: "该事已由人工静音",
    Reason.SNOOZED: "该事已由人工暂缓提醒",
    Reason.ACKNOWLEDGED: "该事已由人工确认，此后状态未变",
}

_HOLDS: dict[Hold, str] = {
    Hold.QUIET_HOURS: "免打扰时段",
    Hold.DIGEST: "订阅要求的汇总",
    Hold.COOLDOWN: "同一事件提醒之后的间歇",
    Hold.STORM: "短时间内提醒过多",
}

_FEED_EVENTS: dict[FeedEvent, str] = {
    FeedEvent.DARK: "不再更新",
    FeedEvent.BACK: "恢复更新",
    FeedEvent.GONE: "已失效，不再轮询",
    FeedEvent.MOVED: "已永久迁移",
    FeedEvent.GAP: "可能漏掉了新闻",
    FeedEvent.PAUSED: "已暂停",
    FeedEvent.RESUMED: "恢复轮询",
}

_CHANNEL_EVENTS: dict[ChannelEvent, str] = {
    ChannelEvent.FAILING: "无法送达",
    ChannelEvent.BACK: "恢复送达",
}

_PHRASES: dict[str, str] = {
    "source_for": "{name}的匿名消息人士",
    "source": "匿名消息人士",
    "source_for.inside": "{name}的匿名消息人士",
    "source.inside": "匿名消息人士",
    "somebody": "某方",
    "somebody.inside": "某方",
    "line": "{who}{stance}：{claim}",
    "line_now": "{who}现在{stance}：{claim}",
    "line_noted": "{note}：{claim}",
    "line_reported": "据报道：{claim}",
    "line_doubtful": "存疑：{line}",
    "line_feed": "来源 {name} {event}：{why}",
    "line_channel": "通道 {name} {event}：{why}",
    "line_digest": "{count} 条提醒因{holds}暂缓",
    "unnamed": "未命名",
    "and": "和",
    "voice_joint": "，",
    "after": "报道之后{span}",
    "before": "报道之前{span}",
    "same_article": "与报道在同一篇文章中",
    "what_says": "{who}的说法",
    "what_is_reported": "报道的内容",
    "what_was_reported": "此前的报道",
    "said_before": "{who}此前的说法",
    "said_before_unknown": "此前的说法",
    "unknown_outlet": "未知媒体",
    "source_line": "{outlet}，{when}",
    "grid": "各方说法",
    "grid_line": "{party}{stance}",
    "more_parties": "另有 {count} 方，见事件页面",
    "status": "此事{status}。",
    "why": "{reason}（订阅：{subscription}）",
    "why_line": "您为何收到：{why}。",
    "why_channel": "涉及一条本应送达提醒的通道",
    "why_test": "有人试用了此通道，它可以送达",
    "line_test": "通道 {name} 的测试：没有发生任何事",
    "mute": "将此事静音",
    "mute_line": "将此事静音：{mute}",
    "label.page": "页面",
    "read_there": "阅读原文",
    "since": "自 {when}",
    "more_on_page": "另有 {count} 条，见页面。",
    "label.story": "事件",
    "label.whole_story": "事件全貌",
    "label.feeds": "来源",
    "label.alerts": "全部提醒",
    "label.deliveries": "送达记录",
    "page": "{label}：{page}",
    "opening": "{timing}。",
    "carried": "共 {reports} 篇报道，其中 {count} 个独立来源。",
    "origin_named": "最早由 {name} 报道（另有 {count} 家媒体指明）。",
    "origin_seen": "就所见最早由 {name} 报道。",
    "track_outlet": "{name} 最早报道且已有结果的 {of} 条传闻中，{part} 条得到证实"
    "（95% 区间 {low}–{high}%）。",
    "track_outlet_few": "{name} 最早报道且已有结果的传闻仅 {of} 条，不足以说明问题。",
    "track_party": "{name} 否认过的 {of} 件事中，{part} 件后来被推翻（95% 区间 {low}–{high}%）。",
    "track_party_few": "{name} 否认过的事仅 {of} 件，不足以说明问题。",
    "track_note": "以上只说明过去的说法后来如何，不代表此次说法的真假。",
    "given_up": "放弃了 {count} 次送达",
    "given_up_back": "期间{lost}，可以重新发送",
    "waiting_back": "等待中的提醒正在发出",
    "last_said": "{lost}；最后一次尝试的答复：{why}",
    "nothing_since": "自 {when} 起没有送达；最后一次尝试的答复：{why}",
}


def moment(at: datetime) -> str:
    """`2026年2月3日 15:00 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.year}年{utc.month}月{utc.day}日 {utc:%H:%M} UTC"


def elapsed(duration: timedelta) -> str:
    """`2天11小时`, `3小时5分钟`, `不到1分钟`."""
    minutes = int(abs(duration).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}天" + (f"{hours}小时" if hours else "")
    if hours:
        return f"{hours}小时" + (f"{rest}分钟" if rest else "")
    return f"{rest}分钟" if rest else "不到1分钟"


CHINESE = Tongue(
    code="zh",
    stances=_STANCES,
    roles=_ROLES,
    statuses=_STATUSES,
    reasons=_REASONS,
    holds=_HOLDS,
    feed_events=_FEED_EVENTS,
    channel_events=_CHANNEL_EVENTS,
    phrases=_PHRASES,
    moment=moment,
    elapsed=elapsed,
)
