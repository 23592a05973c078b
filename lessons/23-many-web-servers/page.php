<?php
// The pages of the site, as a PHP server answers them.

declare(strict_types=1);

require __DIR__ . '/sessions.php';

try {
    $page = strtok($_SERVER['REQUEST_URI'], '?');
    if ($page === '/up') exit("<p>Up</p>\n"); // The proxy asks three times a second: no session
    start_sessions();
    $html = match ($page) {
        '/' => 'Count: ' . $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1,
        '/login' => login($_GET['user'] ?? 'guest'),
        '/whoami' => isset($_SESSION['user'])
            ? 'Signed in as ' . htmlspecialchars($_SESSION['user']) : 'Nobody is signed in',
        '/logout' => session_destroy() ? 'Goodbye' : '',
    };
    // Saved before the first byte is sent: a page that is not saved must not say that it was.
    if (session_status() === PHP_SESSION_ACTIVE) session_write_close();
    echo "<p>$html</p>\n";
} catch (Throwable $error) {
    http_response_code(500);
    error_log($error->getMessage());
    echo "<p>The session could not be used</p>\n";
}

function login(string $user): string
{
    session_regenerate_id(true);
    if (($_SESSION['user'] ?? $user) !== $user) session_unset(); // What another user has left
    $_SESSION['user'] = $user;
    return 'Welcome, ' . htmlspecialchars($user);
}
