/// The page's style. Colour is never the only sign: each state has a shape and a word too.
enum PageStyle {
    static let text: StaticString = """
        :root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--ink:#17202b;--faint:#526070;--line:#d5dce4;--accent:#1d5fa8;
        --calm:#526070;--good:#126b3d;--note:#3f4fa5;--warn:#855400;--bad:#b01e2b;
        --calm-bg:#e9edf1;--good-bg:#e2f3e9;--note-bg:#e7eafb;--warn-bg:#fdefd0;--bad-bg:#fde5e5;
        --bar:#6aa6d8;--p0:#3f86c4;--p1:#7a6bc0;--p2:#2e9a8f;--p3:#8795a5}
        @media (prefers-color-scheme:dark){:root{--bg:#0e1319;--card:#161d25;--ink:#e6ecf3;--faint:#9dabba;--line:#2c3743;
        --accent:#7db7f0;--calm:#aab7c5;--good:#6fdaa0;--note:#b3c0ff;--warn:#ffcb6b;--bad:#ff9ea3;
        --calm-bg:#232d38;--good-bg:#12301f;--note-bg:#212b52;--warn-bg:#3a2b08;--bad-bg:#48171d;
        --bar:#3f78a8;--p0:#4c93d4;--p1:#8d7fd6;--p2:#36a99d;--p3:#748495}}
        *{box-sizing:border-box}
        html{scroll-padding-top:12px}
        body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
        font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
        h1,h2,h3,p,ul,ol,dl,dd,figure{margin:0;padding:0}
        ul,ol{list-style:none}
        h1{font-size:17px;letter-spacing:.01em}
        h2{font-size:16px}
        h3{font-size:15px;overflow-wrap:anywhere}
        h2:focus,main:focus{outline:none}
        a{color:var(--accent)}
        code{font:13px/1.4 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
        .faint{color:var(--faint);font-size:13px}
        .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        .js{display:none!important}
        html.live .js{display:revert!important}
        html.live .tools.js,html.live .filter.js{display:flex!important}
        html.live form.js[hidden],html.live [hidden]{display:none!important}
        .skip{position:absolute;left:-999px}
        .skip:focus{left:12px;top:8px;z-index:9;background:var(--card);padding:10px 14px;border-radius:6px}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
        header,main{max-width:1480px;margin:0 auto;padding:12px 20px}
        header{display:flex;align-items:center;gap:8px 16px;flex-wrap:wrap;padding-bottom:0}
        #link{font-size:13px;color:var(--faint);flex:1}
        #link::before{content:"●";color:var(--good);margin-right:6px}
        html[data-link=paused] #link::before{content:"‖";color:var(--warn)}
        html[data-link=lost] #link{color:var(--bad);font-weight:600}
        html[data-link=lost] #link::before{content:"■";color:var(--bad)}
        html[data-link=lost] #live{opacity:.55}
        .tools{display:flex;gap:8px;flex-wrap:wrap}
        button{font:inherit;font-size:14px;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:7px;
        min-height:34px;min-width:44px;padding:4px 12px;cursor:pointer;white-space:nowrap}
        button:hover{border-color:var(--accent)}
        button:active{background:var(--calm-bg)}
        button[aria-pressed=true]{background:var(--ink);color:var(--card);border-color:var(--ink)}
        button.danger{background:var(--bad-bg);color:var(--bad);border-color:var(--bad);font-weight:600}
        button[aria-busy=true]{opacity:.6;cursor:progress}
        #notice{max-width:1440px;margin:10px auto 0;padding:10px 14px;background:var(--note-bg);color:var(--note);border-radius:8px}
        #notice.bad{background:var(--bad-bg);color:var(--bad)}
        #notice:empty{display:none}
        section{margin-bottom:24px;min-width:0}
        .head{display:flex;justify-content:space-between;align-items:baseline;gap:4px 12px;flex-wrap:wrap;margin-bottom:8px}
        .badge{display:inline-block;font-size:13px;line-height:20px;font-weight:600;padding:1px 8px;border-radius:99px;white-space:nowrap}
        .badge.calm{background:var(--calm-bg);color:var(--calm)}.badge.good{background:var(--good-bg);color:var(--good)}
        .badge.note{background:var(--note-bg);color:var(--note)}.badge.warn{background:var(--warn-bg);color:var(--warn)}
        .badge.bad{background:var(--bad-bg);color:var(--bad)}
        .verdict{border:1px solid var(--line);border-left:8px solid var(--good);border-radius:10px;background:var(--card);padding:14px 18px}
        .verdict.warn{border-left-color:var(--warn)}
        .verdict.bad{border-color:var(--bad);border-left-color:var(--bad)}
        .verdict h2{font-size:22px;line-height:1.25}
        .verdict.good h2 .shape{color:var(--good)}.verdict.warn h2 .shape{color:var(--warn)}.verdict.bad h2{color:var(--bad)}
        .findings li{display:grid;grid-template-columns:92px 1fr;gap:10px;align-items:start;padding:8px 0;border-top:1px solid var(--line)}
        .findings{margin-top:10px}.findings:empty{margin:0}
        .findings .badge{justify-self:start}.findings a{font-weight:600;color:var(--ink);overflow-wrap:anywhere;display:inline-block;min-height:24px}
        .facts{display:flex;gap:2px 18px;flex-wrap:wrap;margin-top:8px}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:12px}
        .card{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--line);border-radius:10px;padding:12px 14px;
        display:flex;flex-direction:column;gap:8px;min-width:0}
        .card.good{border-top-color:var(--good)}.card.warn{border-top-color:var(--warn)}.card.note{border-top-color:var(--note)}
        .card.bad{border-color:var(--bad);background:linear-gradient(var(--bad-bg),var(--card) 96px)}
        .card:target{box-shadow:0 0 0 3px var(--accent)}
        .card .head{margin:0;flex-wrap:nowrap;align-items:flex-start}
        .card .foot{margin-top:auto;display:flex;justify-content:flex-end}
        .card.good .foot button,.card.calm .foot button{color:var(--faint)}
        .charts{display:grid;grid-template-columns:1fr 1fr;gap:14px}
        .chart svg{display:block;width:100%;height:44px}
        figcaption{display:flex;justify-content:space-between;gap:6px;font-size:13px;white-space:nowrap}
        svg .base{fill:var(--line)}svg .ok{fill:var(--bar)}svg .fault{fill:var(--bad)}
        svg .p50,svg .p99{fill:none;stroke:var(--accent);stroke-width:1.75}
        svg .p99{stroke:var(--faint);stroke-width:1.25;stroke-dasharray:2 2}
        svg .part0{fill:var(--p0)}svg .part1{fill:var(--p1)}svg .part2{fill:var(--p2)}svg .part3{fill:var(--p3)}
        table{border-collapse:collapse;width:100%;font-size:13px}
        th,td{text-align:right;padding:3px 0 3px 8px;font-weight:400;white-space:nowrap}
        th:first-child{text-align:left;padding-left:0}td:nth-child(2),thead th:nth-child(2){text-align:left}
        thead th{color:var(--faint)}
        .operations .badge{font-size:12px;padding:0 7px}
        .columns{display:grid;grid-template-columns:minmax(0,1fr);gap:0 24px}
        @media (min-width:1080px){.columns{grid-template-columns:minmax(0,5fr) minmax(0,3fr)}}
        .filter{gap:6px;flex-wrap:wrap;margin-bottom:8px}
        .payments,.rows,.routes{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
        .payments:empty{display:none}
        .payments>li+li,.rows>li+li,.routes>li+li{border-top:1px solid var(--line)}
        .pay summary{display:grid;grid-template-columns:10px minmax(150px,auto) 130px minmax(0,1fr) auto auto;gap:4px 12px;align-items:center;
        padding:7px 14px;cursor:pointer;min-height:40px;list-style:none}
        .pay summary::-webkit-details-marker{display:none}
        .pay summary::before{content:"▸";color:var(--faint);font-size:13px}.pay details[open]>summary::before{content:"▾"}
        .pay summary:hover{background:var(--calm-bg)}
        .pay summary:focus-visible,.rows summary:focus-visible{outline-offset:-3px}
        .pay .badge{justify-self:start;white-space:normal}
        .pay .amount{text-align:right;font-weight:600;white-space:nowrap}
        .pay .way{overflow-wrap:anywhere}
        .pay time{color:var(--faint);font-size:13px;white-space:nowrap;text-align:right;min-width:74px}
        .pay.attention{box-shadow:inset 5px 0 var(--warn)}
        html[data-filter=attention] .pay:not(.attention),html[data-filter=moved] .pay:not(.moved){display:none}
        .story{padding:4px 14px 14px 22px;display:grid;gap:12px;justify-items:start}
        .timeline li{position:relative;padding:0 0 10px 18px;border-left:2px solid var(--line);margin-left:5px}
        .timeline li:last-child{padding-bottom:0;border-left-color:transparent}
        .timeline .shape{position:absolute;left:-8px;background:var(--card);line-height:22px}
        .timeline .good .shape{color:var(--good)}.timeline .bad .shape{color:var(--bad)}.timeline .warn .shape{color:var(--warn)}
        .timeline p,dd{overflow-wrap:anywhere}
        .then{font-size:14px;color:var(--ink);padding-left:10px;border-left:3px solid var(--accent);margin-top:3px}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr));gap:6px 18px;width:100%}
        dt{color:var(--faint);font-size:13px}
        .rows>li,.routes>li{padding:9px 14px}
        .rows>li{display:flex;justify-content:space-between;align-items:center;gap:10px}
        .rows>li>div{min-width:0;overflow-wrap:anywhere}
        .routes .head{margin:0}
        .share{display:block;width:100%;height:8px;margin:4px 0;border-radius:4px}
        .faults{margin-top:4px}.rows summary{min-height:24px;cursor:pointer;font-size:13px}
        .empty{padding:2px 0}
        form{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;max-width:440px;margin:40px auto}
        html.live form.js{display:grid!important;gap:10px}
        input{font:inherit;color:var(--ink);background:var(--bg);border:1px solid var(--faint);border-radius:7px;min-height:44px;padding:6px 12px;width:100%}
        dialog{background:var(--card);color:var(--ink);border:1px solid var(--line);border-radius:12px;padding:22px;max-width:min(460px,calc(100vw - 32px))}
        dialog::backdrop{background:#0009}
        dialog .tools{justify-content:flex-end;margin-top:18px}
        dialog button{min-height:44px}
        @media (max-width:700px),(pointer:coarse){button{min-height:44px}.findings a{min-height:32px;padding-top:4px}}
        @media (max-width:700px){header,main{padding:10px 12px}header{padding-bottom:0}#link{flex:1 1 auto;text-align:right}
        header .tools{width:100%}header .tools button{flex:1}
        #notice{margin:10px 12px 0}
        .findings li{grid-template-columns:1fr;gap:2px}
        .pay summary{grid-template-columns:10px minmax(0,1fr) auto;min-height:48px}
        .pay .way{grid-column:2/-1}.pay .app{grid-column:2;text-align:left}
        .rows>li{flex-wrap:wrap}}
        @media (prefers-reduced-motion:no-preference){dialog[open]{animation:in .12s ease-out}@keyframes in{from{opacity:0;transform:translateY(6px)}}}
        @media print{.js{display:none!important}}
        """
}
