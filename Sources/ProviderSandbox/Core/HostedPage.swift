import HTTPTypes

/// What the hosted pages of all simulated providers have in common. The providers' own pages look different; these
/// have what a customer can do there. Nothing is loaded from elsewhere, and they need no script.
enum HostedPage {
    /// A whole page. `content` is HTML: what comes from a merchant or a customer goes through ``escape(_:)`` first.
    static func document(
        provider: String, title: String, _ content: String, status: Int = 200
    ) -> SandboxReply {
        let html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title)) – \(escape(provider)) sandbox</title>
            <style>\(style)</style>
            </head>
            <body>
            <main>
            <p class="brand">\(escape(provider)) sandbox: no real money</p>
            <h1>\(escape(title))</h1>
            \(content)
            </main>
            </body>
            </html>

            """
        // No `form-action`: browsers apply it to the redirect back to the shop as well.
        return SandboxReply(
            status: status, contentType: "text/html; charset=utf-8", body: Array(html.utf8),
            headers: [
                .cacheControl: "no-store",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
                .sandbox("Referrer-Policy"): "no-referrer",
                .xContentTypeOptions: "nosniff",
            ])
    }

    enum Tone: String {
        case plain = "note"
        case good = "note good"
        case bad = "note bad"
    }

    /// A message that stands out; a bad one is read out at once.
    static func note(_ text: String, _ tone: Tone = .plain) -> String {
        #"<p class="\#(tone.rawValue)" role="\#(tone == .bad ? "alert" : "status")">\#(escape(text))</p>"#
    }

    /// Names and values, the amount among them in bold.
    static func summary(_ rows: [(name: String, value: String)], amount: String) -> String {
        let rows = rows.map { "<dt>\(escape($0.name))</dt><dd>\(escape($0.value))</dd>\n" }.joined()
        return """
            <dl>
            \(rows)<dt>Amount</dt><dd class="amount">\(escape(amount))</dd>
            </dl>

            """
    }

    static func link(_ text: String, to url: String) -> String {
        #"<p><a href="\#(escape(url))">\#(escape(text))</a></p>"#
    }

    /// `url` with one more pair in its query, before a fragment. The value is one that needs no encoding.
    static func adding(_ name: String, _ value: String, to url: String) -> String {
        let parts = url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let separator = parts[0].contains("?") ? "&" : "?"
        let fragment = parts.count == 2 ? "#" + parts[1] : ""
        return parts[0] + separator + name + "=" + value + fragment
    }

    /// The first value of a field in a posted form; `nil` where there is none, or it is not UTF-8.
    static func field(_ name: String, in form: [UInt8]) -> String? {
        for pair in form.split(separator: UInt8(ascii: "&")) where pair.starts(with: (name + "=").utf8) {
            return PercentEncoding.decode(pair.dropFirst(name.utf8.count + 1), plusIsSpace: true)
        }
        return nil
    }

    /// For text and for quoted attributes.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    private static let style = """
        :root{color-scheme:light dark}
        *{box-sizing:border-box}
        body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem}
        main{max-width:26rem;margin:0 auto}
        .brand{opacity:.75;margin:0}
        h1{font-size:1.5rem;margin:.25rem 0 1rem}
        dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1.5rem}
        dt{opacity:.75}
        dd{margin:0;overflow-wrap:anywhere}
        .amount{font-weight:600}
        form{display:flex;flex-wrap:wrap;gap:.75rem}
        fieldset{flex:1 0 100%;min-width:0;margin:0;padding:.75rem;border:1px solid #8888;border-radius:.4rem}
        legend{font-weight:600;padding:0 .3rem}
        label{display:block;margin:.25rem 0}
        .field{width:100%;font:inherit;padding:.45rem .6rem;border:1px solid currentColor;border-radius:.4rem;background:none;color:inherit}
        button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid currentColor;background:none;color:inherit;cursor:pointer}
        .main{background:#0b57d0;border-color:#0b57d0;color:#fff}
        button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid #f9ab00;outline-offset:2px}
        .note{padding:.6rem .8rem;border-left:.3rem solid currentColor}
        .bad{border-color:#c5221f}
        .good{border-color:#188038}
        """
}
