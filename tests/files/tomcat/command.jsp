<%@ page contentType="application/json;charset=UTF-8" pageEncoding="UTF-8" session="false" trimDirectiveWhitespaces="true"
    import="java.util.Set,java.util.UUID,java.util.concurrent.ConcurrentHashMap" %><%@ include file="applied.jspf" %><%!
    /** The tokens that are alive; a restart ends them all. */
    static final Set<String> TOKENS = ConcurrentHashMap.newKeySet();

    static String data(String command, String... fields) {
        StringBuilder text = new StringBuilder("{\"data\":{\"type\":\"" + command + "\"");
        for (int i = 0; i < fields.length; i += 2) {
            text.append(",\"" + fields[i] + "\":\"" + fields[i + 1] + "\"");
        }
        return text + "}}";
    }

    static int count(String text, String part) {
        return text.split(part, -1).length - 1;
    }
%><%
    // The body first: it is no form.
    String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String command = request.getParameter("cmd");
    String given = request.getHeader("Authorization");
    String token = given == null ? "" : given.replaceFirst("^Bearer ", "");
    if (command == null) {
        response.sendError(400, "The cmd parameter must be provided.");
        return;
    }
    switch (command) {
        case "loginUser", "loginTrustedApp" -> {
            boolean known = command.equals("loginUser")
                ? body.contains("<username>jdoe</username>") && body.contains("<password>s3same</password>")
                : "app".equals(request.getHeader("clientId")) && "s3same".equals(request.getHeader("clientSecret"));
            if (!known) {
                response.sendError(401, "User could not be validated. The username or password may be incorrect.");
                return;
            }
            String made = "ws" + UUID.randomUUID().toString().replace('-', ':');
            TOKENS.add(made);
            out.print(command.equals("loginUser") ? data(command, "token", made) : "{\"token\":\"" + made + "\"}");
            return;
        }
        case "too-large" -> {
            response.sendError(413);
            return;
        }
        case "broken" -> throw new IllegalStateException("Could not reach the database");
        default -> {
            if (!TOKENS.contains(token)) {
                response.sendError(401, "The token is not valid for the command '" + command + "'. Token is invalid or expired");
                return;
            }
        }
    }
    switch (command) {
        case "logoutUser" -> {
            TOKENS.remove(token);
            out.print(data(command));
        }
        case "keepAlive" -> out.print(data(command));
        case "getSecuritySettings" -> out.print(data(command, "allow-username-save", "true",
            "token-inactivity-timeout", "10", "token-lifespan-timeout", "120"));
        case "runReview" -> {
            applied(request.getParameter("name"));
            out.print(data(command, "run-id", "17"));
        }
        case "getRunStatus" -> out.print(data(command, "overall-status", "Completed", "start-time", "2023-08-03 20:12:08",
            "completed-time", "2023-08-03 20:13:08"));
        case "getReviewResult" -> out.print(data(command, "id", "61"));
        case "getReviewStatus" -> {
            if (!"61".equals(request.getParameter("id"))) {
                response.sendError(404, "Could not find a review with the id " + request.getParameter("id"));
                return;
            }
            out.print(data(command, "name", "Größe & Co", "state", "Active", "review-type", "user",
                "start-date", "2023-08-03 20:12:08", "total-entitlements", "3"));
        }
        case "setReviewState", "updateUnreviewedItems" -> {
            applied(command);
            out.print(data(command, "name", "Größe & Co", "status", "success"));
        }
        case "refreshReview" -> {
            applied(command);
            out.print(data(command, "name", "Größe & Co", "run-id", "18"));
        }
        case "uploadCoverage" -> {
            if (request.getParameter("id") == null && request.getParameter("name") == null) {
                response.sendError(412, "The id parameter or the name parameter must be provided.");
                return;
            }
            applied(command);
            out.print(data(command, "status", "success", "bytes", String.valueOf(body.length())));
        }
        case "updateReviewItems" -> {
            if (!body.contains("<ReviewResultName>UAR</ReviewResultName>")) {
                response.sendError(412, "Could not find a review with name of the request");
                return;
            }
            int wanted = count(body, "<ReviewItemChange");
            int locked = count(body, "name=\"locked\"");
            if (wanted > locked) applied(command);
            if (locked == 0) {
                out.print(data(command, "Status", "Success. Updated all " + wanted + " review components with specified states."));
                return;
            }
            String line = "Status For Review Item(jdoe-locked)=Failure (The review component is locked and can not be changed.)";
            if (locked == wanted) {
                response.sendError(412, "Status=Failure.  None of the " + wanted + " review components could be updated.\n" + line);
                return;
            }
            out.print(data(command, "Status", "Partial Success. Updated " + (wanted - locked) + " of " + wanted
                + " review components successfully.\\n" + line));
        }
        default -> response.sendError(404, "Unknown command " + command);
    }
%>
