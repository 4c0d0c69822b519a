/// Finds calls of a writer that would not give JSON. Only debug builds look; in a release build this is nothing.
struct JSONWriterGrammar: Sendable {
    #if DEBUG
        private enum Place {
            case document
            case documentEnd
            case array
            case object
            case member
        }

        private var places: [Place] = [.document]

        private var place: Place {
            get { places[places.count - 1] }
            set { places[places.count - 1] = newValue }
        }
    #endif

    /// A value comes: the document, an element, or what a name announced.
    mutating func value() {
        #if DEBUG
            switch place {
            case .document: place = .documentEnd
            case .documentEnd: preconditionFailure("a JSON text is one value")
            case .array: break
            case .object: preconditionFailure("a member of a JSON object needs a name")
            case .member: place = .object
            }
        #endif
    }

    /// The name of a member comes.
    mutating func name() {
        #if DEBUG
            precondition(place == .object, "a name in JSON stands in an object, before a value")
            place = .member
        #endif
    }

    /// A container begins, after ``value()``.
    mutating func open(isObject: Bool) {
        #if DEBUG
            places.append(isObject ? .object : .array)
        #endif
    }

    /// A container ends.
    mutating func close(isObject: Bool) {
        #if DEBUG
            precondition(
                place == (isObject ? .object : .array), "no such JSON container is open, or a value is missing")
            places.removeLast()
        #endif
    }
}
