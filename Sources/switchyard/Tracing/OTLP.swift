import PaymentEngine
import StrictJSON
import Tracing
import W3CTrace

/// Spans in the JSON of OpenTelemetry's protocol (OTLP 1, `ExportTraceServiceRequest`): ids in hex, 64-bit integers as text.
enum OTLP {
    static func body(of spans: [FinishedSpan]) -> [UInt8] {
        var json = JSONWriter(capacity: 512 * spans.count + 512)
        json.object { json in
            json.member("resourceSpans") { json in
                json.array { json in
                    json.object { json in
                        json.member("resource") { json in
                            json.object { json in
                                json.member("attributes") { json in
                                    json.array { json in
                                        write("service.name", .string("switchyard"), to: &json)
                                        write("service.version", .string(Release.version), to: &json)
                                    }
                                }
                            }
                        }
                        json.member("scopeSpans") { json in
                            json.array { json in
                                json.object { json in
                                    json.member("scope") { $0.object { $0.member("name", "switchyard") } }
                                    json.member("spans") { json in
                                        json.array { json in for span in spans { write(span, to: &json) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    private static func write(_ span: FinishedSpan, to json: inout JSONWriter) {
        json.object { json in
            json.member("traceId", span.trace.traceID)
            json.member("spanId", TraceContext.spanID(span.trace.span))
            if let parent = span.parent { json.member("parentSpanId", TraceContext.spanID(parent)) }
            if let state = span.trace.state { json.member("traceState", state) }
            json.member("flags", Int64(1))
            json.member("name", span.name)
            json.member("kind", kind(span.kind))
            json.member("startTimeUnixNano", String(span.begunAt))
            json.member("endTimeUnixNano", String(span.endedAt))
            json.member("attributes") { json in
                json.array { json in
                    var attributes: [(String, SpanAttribute)] = []
                    span.attributes.forEach { attributes.append(($0, $1)) }
                    for (name, value) in attributes.sorted(by: { $0.0 < $1.0 }) { write(name, value, to: &json) }
                }
            }
            // Unset, or an error.
            json.member("status") { json in json.object { if span.isFailed { $0.member("code", Int64(2)) } } }
        }
    }

    private static func write(_ name: String, _ value: SpanAttribute, to json: inout JSONWriter) {
        json.object { json in
            json.member("key", name)
            json.member("value") { json in
                json.object { json in
                    switch value {
                    case .string(let text): json.member("stringValue", text)
                    case .int32(let number): json.member("intValue", String(number))
                    case .int64(let number): json.member("intValue", String(number))
                    case .bool(let flag): json.member("boolValue", flag)
                    // No span of ours has others.
                    default: break
                    }
                }
            }
        }
    }

    private static func kind(_ kind: SpanKind) -> Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
