/// How the page looks, on a telephone as on a desk, by day as by night.
enum APIPageStyle {
    static let css = """
        :root { color-scheme: light dark; --ink: #1c2330; --dim: #5b6472; --line: #dfe3ea; --paper: #fff; --soft: #f5f7fa; --link: #0b57b0;
        --mark: #8a4b00; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #9aa4b2; --line: #2f3742; --paper: #12161c; --soft: #1a2028;
        --link: #7db4ff; --mark: #e0a458; } }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 1rem; }
        body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
        main { padding: 1rem; max-width: 54rem; }
        nav { padding: .75rem 1rem; background: var(--soft); border-bottom: 1px solid var(--line); font-size: .9rem; }
        nav ul { list-style: none; margin: 0; padding: 0; }
        nav p { margin: .9rem 0 .2rem; font-weight: 600; }
        nav li a { display: block; padding: .2rem 0 .2rem .75rem; border-left: 2px solid var(--line); color: var(--dim); }
        nav .wide { display: none; }
        a { color: var(--link); text-decoration: none; }
        a:hover { text-decoration: underline; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        h1 { font-size: 2rem; line-height: 1.2; margin: .5rem 0; }
        h1 small { font-size: 1rem; font-weight: 400; color: var(--dim); }
        h2 { font-size: 1.5rem; margin: 3rem 0 .5rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
        h3 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
        h3 a { color: inherit; }
        h4 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim); margin: 1.5rem 0 .4rem; }
        p, ul { margin: .5rem 0; }
        ul { padding-left: 1.25rem; }
        article { padding-bottom: 1.5rem; border-bottom: 1px solid var(--line); }
        article:target > h3 { color: var(--link); }
        code, pre { font: .875em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        code { background: var(--soft); border-radius: 4px; padding: .1em .3em; }
        pre { background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; overflow-x: auto; margin: .75rem 0; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
        tr { border-top: 1px solid var(--line); }
        tr:first-child { border-top: 0; }
        td { padding: .5rem .75rem .5rem 0; vertical-align: top; }
        td:first-child { width: 13rem; }
        .answers td:first-child { width: 4rem; }
        td p { margin: .15rem 0; }
        .mark { color: var(--mark); font-size: .8rem; }
        .rule, .type { color: var(--dim); font-size: .875rem; }
        .call { margin: .2rem 0 .6rem; }
        .method { font: 600 .8rem ui-monospace, monospace; border: 1px solid var(--line); border-radius: 4px; padding: .15rem .45rem; color: var(--link); }
        abbr { text-decoration: none; border-bottom: 1px dotted var(--dim); }
        details { margin: .4rem 0; }
        summary { cursor: pointer; }
        @media (max-width: 34rem) { td, td:first-child, tr { display: block; width: auto; }
        td { padding: 0 0 .4rem; } td:first-child { padding: .5rem 0 .1rem; } main { padding: .75rem; } }
        @media (min-width: 62rem) { body { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
        nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); }
        nav details { display: none; } nav .wide { display: block; } main { padding: 1rem 2.5rem 6rem; } }
        """
}
