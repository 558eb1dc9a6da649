<%-- An error page: other pages take no PUT and no DELETE. --%><%@ page isErrorPage="true" contentType="application/json;charset=UTF-8" pageEncoding="UTF-8" session="false"
    trimDirectiveWhitespaces="true" import="java.util.Base64,java.util.LinkedHashMap,java.util.Map,java.util.UUID,java.util.regex.Pattern" %><%@ include file="applied.jspf" %><%!
    static final Map<String, String> TOKENS = new LinkedHashMap<>();
    static final String FIRST = "7ba167aa-631c-4771-b197-fcb459cc7fd7";
    static {
        TOKENS.put(FIRST, token(FIRST, "chef nodes", true, true));
    }
    static boolean enabled = true;
    static int task = 0;
    static int tasks = 0;

    static String token(String uuid, String name, boolean read, boolean change) {
        return "{\"uuid\":\"" + uuid + "\",\"name\":\"" + name + "\",\"read\":" + read + ",\"change\":" + change + "}";
    }

    static String field(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\\s*\"?([^\",}]*)").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    static String state() {
        return "{\"id\":131073,\"name\":\"linux-01\",\"enabled\":" + enabled + ",\"busy\":false}";
    }

    static String told(String code, String message) {
        return "PCODE=" + code + "\nPMESSAGE=\"" + message + "\"\nPVERSION=4.1\nENABLED=" + enabled + "\nBUSY=false\nTASK=" + task + "\n";
    }
%><%
    String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String path = request.getPathInfo() == null ? "" : request.getPathInfo().replaceFirst("/$", "");
    String asked = request.getMethod() + " " + path.replaceFirst("^/agents/(1.0|latest)/131073", "/agent");
    String basic = "Basic " + Base64.getEncoder().encodeToString("admin:s3same".getBytes(StandardCharsets.UTF_8));
    if (path.startsWith("/agent-config/") && !basic.equals(request.getHeader("Authorization"))) {
        response.setHeader("WWW-Authenticate", "Basic realm=\"Bamboo\"");
        response.sendError(401, "Client must be authenticated to access this resource.");
        return;
    }
    if (path.startsWith("/agents/") && !TOKENS.containsKey(request.getParameter("uuid"))) {
        response.sendError(403, "The access token does not allow this operation.");
        return;
    }
    synchronized (TOKENS) {
        switch (asked) {
            case "GET /agent-config/1.0/tokens" -> out.print("[" + String.join(",", TOKENS.values()) + "]");
            case "POST /agent-config/1.0/tokens" -> {
                applied(field(body, "name"));
                String uuid = UUID.randomUUID().toString();
                String made = token(uuid, field(body, "name"), body.contains("\"read\":true"), body.contains("\"change\":true"));
                TOKENS.put(uuid, made);
                out.print(made);
            }
            case "GET /agents/latest", "GET /agents/1.0" -> out.print("[" + state() + "]");
            case "GET /agents/1.0/polling/version" -> {
                response.setContentType("text/plain");
                out.print("PVERSION=4.1\n");
            }
            case "GET /agent/state" -> out.print(state());
            case "GET /agent/state/text" -> {
                response.setContentType("text/plain");
                out.print("ENABLED=" + enabled + "\nBUSY=false\n");
            }
            case "POST /agent/state/enable", "POST /agent/state/disable" -> {
                applied(asked);
                enabled = asked.endsWith("enable");
                out.print(state());
            }
            case "GET /agent/capabilities" -> out.print("[{\"key\":\"system.jdk.JDK 17\",\"value\":\"/usr/lib/jvm/java-17\"}]");
            case "DELETE /agent/capabilities" -> {
                applied(asked);
                out.print("[]");
            }
            case "GET /agent/maintenance/text" -> {
                response.setContentType("text/plain");
                out.print("TASK=" + task + "\n");
            }
            case "POST /agent/maintenance" -> {
                response.setContentType("text/plain");
                if (task != 0) {
                    out.print(told("UH_OH", "task " + task + " of this agent is not finished"));
                } else {
                    applied(asked);
                    task = ++tasks;
                    enabled = false;
                    out.print(told("YES_CHILD", "you may go, come back soon"));
                }
            }
            default -> {
                if (asked.matches("PUT /agent/maintenance/\\d+/finish")) {
                    response.setContentType("text/plain");
                    if (!asked.equals("PUT /agent/maintenance/" + task + "/finish")) {
                        out.print(told("UH_OH", "there is no such task"));
                    } else {
                        applied(asked);
                        task = 0;
                        enabled = true;
                        out.print(told("NO_CHILD", "welcome back"));
                    }
                } else if (asked.startsWith("PUT /agent-config/1.0/tokens/")) {
                    String uuid = path.substring(path.lastIndexOf('/') + 1);
                    if (!TOKENS.containsKey(uuid)) {
                        response.sendError(404, "There is no such token.");
                        return;
                    }
                    applied(asked);
                    TOKENS.put(uuid, token(uuid, field(body, "name"), body.contains("\"read\":true"), body.contains("\"change\":true")));
                    out.print(TOKENS.get(uuid));
                } else {
                    response.sendError(path.contains("/tokens") || path.contains("/agents") ? 405 : 404);
                }
            }
        }
    }
%>
