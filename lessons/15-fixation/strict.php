<?php

// Keeps ids only, and prints each callback that PHP calls.
class Told extends SessionHandler implements SessionUpdateTimestampHandlerInterface {
    private array $rows = [], $calls = [];
    private int $made = 0;

    private function tell(string $call, mixed $answer): mixed {
        $this->calls[] = $call;
        return $answer;
    }
    public function open($path, $name): bool { return $this->tell('open', true); }
    public function close(): bool { return $this->tell('close', true); }
    public function read($id): string { return $this->tell('read', ''); }
    public function write($id, $data): bool { return $this->tell('write', $this->rows[$id] = true); }
    public function updateTimestamp($id, $data): bool { return $this->write($id, $data); }
    public function gc($max_life): int { return $this->tell('gc', 0); }
    public function create_sid(): string { return $this->tell('create_sid', 'made-' . ++$this->made); }
    public function validateId($id): bool {
        return $this->tell('validate_sid', isset($this->rows[$id]));
    }
    public function destroy($id): bool {
        unset($this->rows[$id]);
        return $this->tell('destroy', true);
    }
    public function told(string $what): string {
        [$calls, $this->calls] = [$this->calls, []];
        return "$what: " . implode(', ', $calls);
    }
}

$handler = new Told();
session_set_save_handler($handler);
foreach (['1', '0'] as $strict) {
    session_id('planted');
    session_start(['use_strict_mode' => $strict, 'use_cookies' => 0, 'gc_probability' => 0]);
    $id = session_id();
    session_write_close();
    $lines[] = $handler->told("strict mode $strict, planted goes on as $id");
}
session_id('made-1');
session_start(['use_strict_mode' => '1', 'use_cookies' => 0, 'gc_probability' => 0]);
session_regenerate_id(true);
$new = session_id();
session_write_close();
$lines[] = $handler->told("a sign-in, made-1 goes on as $new");
echo implode("\n", $lines), "\n";
