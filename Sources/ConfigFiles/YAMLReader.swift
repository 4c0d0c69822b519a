import Yams

/// One file of YAML → a tree of `ConfigNode`s, with every `${…}` replaced.
///
/// YAML can do more than a configuration needs, and some of it bites: anchors and aliases grow without bound when they
/// are nested, tags and merge keys change what a text means. They are refused, so that every value stands where it is
/// written. Scalars stay text: `NO` is Norway and `0123` a card prefix.
struct YAMLReader {
    /// Collections in collections.
    static let mostDepth = 32
    /// Aliases that are composed at all: the parser hashes keys, which may be aliases of aliases of …
    private static let mostAliases = 9

    let file: String
    let faults: FaultLog
    let substitution: Substitution
    /// Secrets may be left unset.
    let withoutSecrets: Bool
    /// The file by lines, for the places of `${`.
    private let lines: [[Unicode.Scalar]]
    private let text: String

    init(
        file: String, text: String, faults: FaultLog, substitution: Substitution, withoutSecrets: Bool
    ) {
        self.file = file
        self.text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        self.faults = faults
        self.substitution = substitution
        self.withoutSecrets = withoutSecrets
        lines = self.text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    }

    /// The file's value: `.empty` where it holds none, nil where it is no YAML (reported).
    func read() -> ConfigNode? {
        let start = SourcePosition(file: file)
        if let problem = aliasProblem {
            faults.error(at: problem, "anchors and aliases are not supported: write the value out")
            return nil
        }
        do {
            // The parser lives as long as its nodes are read: it owns their anchors.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else { return ConfigNode(content: .empty, position: start) }
            return withExtendedLifetime(parser) { convert(root, path: []) }
        } catch let error as YamlError {
            report(error)
        } catch {
            faults.error(at: start, "is not YAML")
        }
        return nil
    }

    /// Whether what stands at that path may be a secret: never shown, and not needed where a check runs without
    /// secrets.
    private static func isSecret(_ path: [String]) -> Bool {
        switch path.first {
        case "providers": path.count > 2 && path[2] == "settings"
        case "apps": path.count > 2 && (path[2] == "api_keys_sha256" || path[2...].starts(with: ["webhook", "secret"]))
        case "server":
            path.count > 1 && ["admin_keys_sha256", "reference_secret", "callback_secrets"].contains(path[1])
        default: false
        }
    }

    private func position(_ mark: Mark?) -> SourcePosition {
        // The parser marks a place behind the last line for what is missing there.
        SourcePosition(file: file, line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1))
    }

    private func convert(_ node: Node, path: [String]) -> ConfigNode {
        let position = position(node.mark)
        let faulty = ConfigNode(content: .faulty, position: position)
        if node.anchor != nil {
            faults.error(at: position, "anchors and aliases are not supported: write the value out")
            return faulty
        }
        guard path.count < Self.mostDepth else {
            faults.error(at: position, "is nested deeper than \(Self.mostDepth) levels")
            return faulty
        }
        switch node {
        case .scalar(let scalar):
            guard isPlainTag(scalar.tag) else { return tagged(position) }
            if scalar.style == .plain, scalar.string.isEmpty {
                return ConfigNode(content: .empty, position: position)
            }
            return convert(scalar, path: path, position: position)
        case .sequence(let sequence):
            guard isPlainTag(sequence.tag) else { return tagged(position) }
            return ConfigNode(content: .list(sequence.map { convert($0, path: path + ["[]"]) }), position: position)
        case .mapping(let mapping):
            guard isPlainTag(mapping.tag) else { return tagged(position) }
            return convert(mapping, path: path, position: position)
        case .alias:
            faults.error(at: position, "anchors and aliases are not supported: write the value out")
            return faulty
        }
    }

    private func convert(_ mapping: Node.Mapping, path: [String], position: SourcePosition) -> ConfigNode {
        var entries: [ConfigEntry] = []
        var seen: Set<String> = []
        for (key, value) in mapping {
            let place = self.position(key.mark)
            guard case .scalar(let scalar) = key, isPlainTag(scalar.tag), key.anchor == nil else {
                faults.error(at: place, "a key must be a single plain text")
                continue
            }
            if scalar.string == "<<", scalar.style == .plain {
                faults.error(at: place, "merge keys are not supported: write the values out")
                continue
            }
            guard seen.insert(scalar.string).inserted else {
                faults.error(at: place, "'\(scalar.string)' is there twice")
                continue
            }
            entries.append(
                ConfigEntry(key: scalar.string, position: place, value: convert(value, path: path + [scalar.string])))
        }
        return ConfigNode(content: .map(entries), position: position)
    }

    private func convert(_ scalar: Node.Scalar, path: [String], position: SourcePosition) -> ConfigNode {
        let isSecret = Self.isSecret(path)
        let written = isSecret ? nil : scalar.string
        guard scalar.string.contains("${") else {
            let plain = ConfigScalar(text: scalar.string, written: written, isStandIn: false)
            return ConfigNode(content: .scalar(plain), position: position)
        }
        let outcome = substitution.replace(in: scalar.string, mayLack: isSecret && withoutSecrets)
        for fault in outcome.faults {
            faults.error(at: place(ofOpening: fault.index, from: position), fault.text)
        }
        guard outcome.faults.isEmpty else { return ConfigNode(content: .faulty, position: position) }
        let replaced = ConfigScalar(text: outcome.text, written: written, isStandIn: outcome.isStandIn)
        return ConfigNode(content: .scalar(replaced), position: position)
    }

    /// The place of the `${` of that number, counted from the scalar's beginning.
    private func place(ofOpening index: Int, from start: SourcePosition) -> SourcePosition {
        var rest = index
        for line in (start.line - 1)..<max(start.line, lines.count) where lines.indices.contains(line) {
            let scalars = lines[line]
            let first = line == start.line - 1 ? start.column - 1 : 0
            for column in first..<max(first, scalars.count - 1)
            where scalars[column] == "$" && scalars[column + 1] == "{" {
                if rest == 0 { return SourcePosition(file: file, line: line + 1, column: column + 1) }
                rest -= 1
            }
        }
        return start
    }

    private func isPlainTag(_ tag: Tag) -> Bool {
        [Tag.Name.implicit.rawValue, Tag.Name.str.rawValue].contains(tag.rawValue)
    }

    private func tagged(_ position: SourcePosition) -> ConfigNode {
        faults.error(at: position, "tags are not supported")
        return ConfigNode(content: .faulty, position: position)
    }

    /// The place of the first alias where the file holds so many of them, beside an anchor, that composing it could
    /// take without end. Looks at the bare text, comments and strings included: it errs on the safe side, and files
    /// without anchors have next to nothing that looks like them.
    private var aliasProblem: SourcePosition? {
        var first: SourcePosition?
        var aliases = 0
        var hasAnchor = false
        for (row, line) in lines.enumerated() {
            var before: Unicode.Scalar = " "
            for (column, scalar) in line.enumerated() {
                defer { before = scalar }
                guard scalar == "*" || scalar == "&", " \t\r[{,:".unicodeScalars.contains(before),
                    line.indices.contains(column + 1), isAnchorCharacter(line[column + 1])
                else { continue }
                if scalar == "&" {
                    hasAnchor = true
                } else {
                    aliases += 1
                    first = first ?? SourcePosition(file: file, line: row + 1, column: column + 1)
                }
            }
        }
        return hasAnchor && aliases > Self.mostAliases ? first : nil
    }

    private func isAnchorCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "-" || (scalar.isASCII && scalar.properties.isAlphabetic)
            || ("0"..."9").contains(scalar)
    }

    private func report(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text) from line \($0.mark.line))" } ?? ""
            // The commonest of all: `{ key: ${NAME} }`, where the brace ends the map.
            let isUnquoted = context?.text.contains("flow") == true && line(mark.line).contains("${")
            let hint = isUnquoted ? "; inside { } and [ ] a value with '${' must be quoted" : ""
            faults.error(at: position(mark), "is not YAML: \(problem)\(place)\(hint)")
        case .composer(_, let problem, let mark, _):
            // Raised for a second document and for aliases of nothing.
            let text = problem.contains("document") ? "a file holds one document: no second '---'" : problem
            faults.error(at: position(mark), text)
        case .reader(let problem, let offset, _, _):
            faults.error(at: position(ofCharacter: offset ?? 0), "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            let name = names.first ?? ""
            let first = position(context.mark)
            faults.error(
                at: secondPlace(of: name, after: first) ?? first,
                "'\(name)' is there twice (first on line \(first.line))")
        default:
            faults.error(at: SourcePosition(file: file), "is not YAML")
        }
    }

    private func line(_ number: Int) -> String {
        lines.indices.contains(number - 1) ? String(String.UnicodeScalarView(lines[number - 1])) : ""
    }

    /// Line and column of a character's offset in the text.
    private func position(ofCharacter offset: Int) -> SourcePosition {
        let before = text.prefix(offset)
        let line = before.unicodeScalars.count { $0 == "\n" }
        let column = before.unicodeScalars.reversed().prefix { $0 != "\n" }.count
        return SourcePosition(file: file, line: line + 1, column: column + 1)
    }

    /// Where a key stands for the second time. The parser names only the first place: the next one is that text, plain
    /// or quoted, before a colon; in the same column where the first began its line.
    private func secondPlace(of key: String, after first: SourcePosition) -> SourcePosition? {
        let wanted = Array(key.unicodeScalars)
        guard !wanted.isEmpty, lines.indices.contains(first.line - 1) else { return nil }
        let beginsLine = lines[first.line - 1].prefix(first.column - 1).allSatisfy { $0 == " " || $0 == "-" }
        for row in (first.line - 1)..<lines.count {
            let line = lines[row]
            let start = row == first.line - 1 ? first.column : 0
            for column in start..<max(start, line.count) {
                if beginsLine, column != first.column - 1 { continue }
                let isQuoted = line[column] == "\"" || line[column] == "'"
                let text = line[(column + (isQuoted ? 1 : 0))...]
                guard text.starts(with: wanted) else { continue }
                var rest = text.dropFirst(wanted.count)
                if isQuoted {
                    guard rest.first == line[column] else { continue }
                    rest = rest.dropFirst()
                }
                let bordering = column == 0 || " {,-\t".unicodeScalars.contains(line[column - 1])
                if bordering, rest.drop(while: { $0 == " " }).first == ":" {
                    return SourcePosition(file: file, line: row + 1, column: column + 1)
                }
            }
        }
        return nil
    }
}
